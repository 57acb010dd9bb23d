import { StateBadge } from '../app/StateBadge'
import type { ElementStep } from './steps'

export function StepMark({ step: { mark, type } }: { step: ElementStep }) {
  if (mark === 'done') return <StateBadge state="done" tone="green" />
  if (mark === 'incident') return <StateBadge state="incident" tone="red" />
  if (mark === 'active') return <StateBadge state={type === 'userTask' ? 'waits for a person' : 'active'} tone="blue" />
  return <StateBadge state="left" tone="grey" />
}
