/** What an element of a diagram is doing: `done` ran to its end, `active` holds a token, `incident` is stuck. */
export type Mark = 'done' | 'active' | 'incident'

export type Marks = ReadonlyMap<string, Mark>

export const MARK_LABELS: Readonly<Record<Mark, string>> = {
  done: 'Done',
  active: 'Waiting here',
  incident: 'Incident',
}

export const markerOf = (mark: Mark): string => `mark-${mark}`
