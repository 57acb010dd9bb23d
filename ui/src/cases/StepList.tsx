import { useEffect, useRef } from 'react'

import { Empty } from '../app/Loaded'
import { actorText, type ElementStep, typeText } from './steps'
import { StepMark } from './StepMark'

interface Props {
  readonly steps: readonly ElementStep[]
  readonly selected: string | undefined
  readonly onSelect: (element: string) => void
}

/** The steps of a case as buttons: what the diagram shows, for the keyboard and for screen readers. */
export function StepList({ steps, selected, onSelect }: Props) {
  const list = useRef<HTMLOListElement>(null)
  // Only the list scrolls: a selection in the diagram must not move the page away from it.
  useEffect(() => {
    const box = list.current
    const buttons = Array.from(box?.querySelectorAll('button') ?? [])
    const item = buttons.find((button) => button.dataset['element'] === selected)
    if (!box || !item) return
    const [outer, inner] = [box.getBoundingClientRect(), item.getBoundingClientRect()]
    if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top
    else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom
  }, [selected])

  if (steps.length === 0) return <Empty>Nothing has happened yet.</Empty>
  return (
    <ol ref={list} className="steps" aria-label="Steps of the case">
      {steps.map((step) => (
        <li key={step.element}>
          <button
            type="button"
            className="step"
            data-element={step.element}
            aria-current={step.element === selected ? 'step' : undefined}
            onClick={() => onSelect(step.element)}
          >
            <span className="step-name">{step.name}</span>
            <StepMark step={step} />
            <span className="step-facts">
              {typeText(step.type)}
              {step.runs > 1 && ` · ${step.runs} times`} · {actorText(step.last.actor)} · {entryText(step.last)}
            </span>
          </button>
        </li>
      ))}
    </ol>
  )
}

function entryText({ entry }: ElementStep['last']): string {
  if (!entry) return 'no entry'
  return typeof entry.index === 'number' ? `entry #${entry.index}` : 'entry pending'
}
