import type { CodegenConfig } from '@graphql-codegen/cli'

/** Types every operation in `src/` against the contract that the API exports; the output is never committed. */
const config: CodegenConfig = {
  schema: '../graphql/schema.graphql',
  documents: ['src/**/*.{ts,tsx}', '!src/gql/**', '!src/**/*.test.*'],
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        defaultScalarType: 'never',
        scalars: {
          Decimal: 'string',
          Date: 'string',
          DateTime: 'string',
          Hash: 'string',
          LEI: 'string',
          JSON: 'unknown',
        },
      },
    },
  },
}

export default config
