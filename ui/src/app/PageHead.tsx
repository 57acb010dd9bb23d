import { Group, Title } from '@mantine/core'
import { useEffect, type ReactNode } from 'react'

/** The head of a page: its title, also of the browser's tab, and what belongs beside it. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · SCF`
  }, [title])
  return (
    <Group justify="space-between" align="center" gap="sm" mb="md">
      <Title order={1} size="h3">
        {title}
      </Title>
      {children}
    </Group>
  )
}
