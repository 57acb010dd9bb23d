import { Skeleton, Stack, Text } from '@mantine/core'
import type { CombinedError } from '@urql/core'
import type { ReactNode } from 'react'

import { ProblemView } from '../problems/ProblemView'
import { problemOf } from '../problems/problem'

interface Props<Data> {
  readonly result: { readonly data?: Data | undefined; readonly error?: CombinedError | undefined }
  readonly onRetry: () => void
  readonly children: (data: Data) => ReactNode
}

/** What a query gave: its data, its problem, or both when only a part of it failed; until then a placeholder. */
export function Loaded<Data>({ result: { data, error }, onRetry, children }: Props<Data>) {
  return (
    <Stack gap="md">
      {error && <ProblemView problem={problemOf(error)} onRetry={onRetry} />}
      {data !== undefined && children(data)}
      {data === undefined && !error && <Placeholder />}
    </Stack>
  )
}

export function Placeholder() {
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      <Skeleton height={34} />
      <Skeleton height={34} />
      <Skeleton height={34} width="70%" />
    </Stack>
  )
}

export function Empty({ children }: { children: ReactNode }) {
  return <Text className="panel quiet">{children}</Text>
}
