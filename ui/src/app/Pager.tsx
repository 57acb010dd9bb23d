import { Button, Group } from '@mantine/core'
import { useState } from 'react'

/** Pages of a connection: cursors only lead forward, so the way back is remembered. */
export function usePages() {
  const [cursors, setCursors] = useState<readonly string[]>([])
  return {
    after: cursors.at(-1) ?? null,
    next: (cursor: string) => setCursors([...cursors, cursor]),
    previous: cursors.length > 0 ? () => setCursors(cursors.slice(0, -1)) : undefined,
  }
}

interface Props {
  readonly pages: ReturnType<typeof usePages>
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null | undefined }
}

export function Pager({ pages, pageInfo: { hasNextPage, endCursor } }: Props) {
  const next = hasNextPage && endCursor ? () => pages.next(endCursor) : undefined
  if (!next && !pages.previous) return null
  return (
    <Group component="nav" aria-label="Pages of the list" gap="xs">
      <Button variant="default" size="xs" disabled={!pages.previous} onClick={pages.previous}>
        Previous
      </Button>
      <Button variant="default" size="xs" disabled={!next} onClick={next}>
        Next
      </Button>
    </Group>
  )
}
