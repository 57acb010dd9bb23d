import { fileURLToPath } from 'node:url'

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const api = process.env['SCF_URL'] ?? 'http://127.0.0.1:8080'

/** Two pages from one build: the application, and GraphiQL, which the API serves at GET /graphql. */
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: here('../scf/web'),
    emptyOutDir: true,
    target: 'es2023',
    // The first browsers that know light-dark() themselves: nothing is rewritten for older ones.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
    // Monaco (GraphiQL) and bpmn-js are chunks of their own that only their pages load.
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      input: { app: here('index.html'), graphiql: here('graphiql/index.html') },
      // GraphiQL's files carry React Compiler directives that mean nothing once they are bundled.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
  server: { proxy: { '/graphql': api, '/auth': api } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'jsdom',
          include: ['src/**/*.test.{ts,tsx}'],
          setupFiles: ['src/test/setup.ts'],
          // Shared machines can be slow; a test that hangs still ends.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['e2e/**/*.e2e.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
