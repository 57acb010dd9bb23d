import { createTheme, type MantineThemeOverride } from '@mantine/core'

/** Dense and plain: figures are read in columns, so digits are tabular (app.css) and corners are small. */
export const theme: MantineThemeOverride = createTheme({
  primaryColor: 'cyan',
  // White text on the filled colour keeps a contrast above 4.5 in both schemes.
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "Noto Sans Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
})
