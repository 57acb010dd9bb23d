import type { Mark, Marks } from '../diagram/marks'

/** One event of the kernel at one element, as the API tells it. */
export interface StepEvent {
  readonly seq: number
  readonly element: string
  readonly elementName: string
  readonly elementType: string
  readonly kind: string
  readonly actor: string
  readonly at: string
  readonly entry?: EntryReference | null | undefined
}

export interface EntryReference {
  readonly entryId: string
  readonly index?: number | null | undefined
  readonly state: 'PENDING' | 'LOGGED'
}

/** What has happened at one element, over all its runs (loops, the bodies of a multi-instance). */
export interface ElementStep {
  readonly element: string
  readonly name: string
  readonly type: string
  /** Undefined when the element was entered and then left without being completed. */
  readonly mark: Mark | undefined
  readonly runs: number
  readonly events: readonly StepEvent[]
  readonly last: StepEvent
}

/** Where the case stands now; what happened before says the events. */
export interface Standing {
  readonly activeElements: readonly string[]
  readonly incidentElements: readonly string[]
}

/** The elements in the order in which they were first entered; flows and processes are no steps. */
export function elementSteps(events: readonly StepEvent[], standing: Standing): readonly ElementStep[] {
  const byElement = new Map<string, StepEvent[]>()
  for (const event of events) {
    if (event.elementType === '' || event.elementType === 'process') continue
    const known = byElement.get(event.element)
    if (known) known.push(event)
    else byElement.set(event.element, [event])
  }
  return Array.from(byElement, ([element, own]) => stepOf(element, own, standing))
}

function stepOf(element: string, events: readonly StepEvent[], standing: Standing): ElementStep {
  const [first] = events
  const last = events.at(-1)
  if (!first || !last) throw new Error(`No event at ${element}`)
  return {
    element,
    name: first.elementName || typeText(first.elementType),
    type: first.elementType,
    mark: markOf(element, events, standing),
    runs: events.filter(({ kind }) => kind === 'element.activated').length,
    events,
    last,
  }
}

function markOf(element: string, events: readonly StepEvent[], standing: Standing): Mark | undefined {
  if (standing.incidentElements.includes(element)) return 'incident'
  if (standing.activeElements.includes(element)) return 'active'
  return events.some(({ kind }) => kind === 'element.completed') ? 'done' : undefined
}

/** The marks of the diagram: those of the steps, and the flows that were taken. */
export function marksOf(steps: readonly ElementStep[], events: readonly StepEvent[]): Marks {
  const marks = new Map<string, Mark>()
  for (const { element, kind } of events) if (kind === 'flow.taken') marks.set(element, 'done')
  for (const { element, mark } of steps) if (mark) marks.set(element, mark)
  return marks
}

/** `businessRuleTask` as `business rule task`. */
export const typeText = (type: string): string => type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()

/** `user:anna` is `anna`; `system:worker` is `platform (worker)`. */
export function actorText(actor: string): string {
  const split = actor.indexOf(':')
  const name = actor.slice(split + 1)
  return actor.startsWith('system:') ? `platform (${name})` : name
}

/** `element.activated` as `activated`, `job.created` as `job created`. */
export const eventText = (kind: string): string => kind.replace(/^element\./, '').replaceAll('.', ' ')

/** The ledger entries that prove a step, each once, in their order. */
export function entriesOf({ events }: ElementStep): readonly EntryReference[] {
  const byId = new Map(events.flatMap(({ entry }) => (entry ? [[entry.entryId, entry] as const] : [])))
  return [...byId.values()]
}

/** The numbers in the log of the entries that prove these events, by entry id; pending ones have none yet. */
export function entryNumbers(events: readonly StepEvent[]): ReadonlyMap<string, number> {
  return new Map(
    events.flatMap(({ entry }) => (typeof entry?.index === 'number' ? [[entry.entryId, entry.index] as const] : [])),
  )
}
