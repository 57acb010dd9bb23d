import 'bpmn-js/dist/assets/diagram-js.css'
import 'bpmn-js/dist/assets/bpmn-js.css'
import './diagram.css'

import { ActionIcon, Group, Text } from '@mantine/core'
import { useEffect, useEffectEvent, useRef, useState } from 'react'

import { DiagramCanvas } from './canvas'
import { MARK_LABELS, type Mark, type Marks } from './marks'

interface Props {
  readonly xml: string
  readonly label: string
  readonly marks: Marks
  readonly selected: string | undefined
  readonly onSelect: (element: string) => void
}

/** The model of a case with what has happened on it. A list of the steps belongs beside it: shapes take no focus. */
export default function BpmnDiagram({ xml, label, marks, selected, onSelect }: Props) {
  const container = useRef<HTMLDivElement>(null)
  const canvas = useRef<DiagramCanvas>(undefined)
  const [state, setState] = useState<'drawing' | 'drawn' | 'refused'>('drawing')
  const select = useEffectEvent(onSelect)
  const show = useEffectEvent((drawn: DiagramCanvas) => {
    drawn.setMarks(marks)
    drawn.fit(selected ?? firstActive(marks))
    drawn.select(selected)
  })

  useEffect(() => {
    if (!container.current) return undefined
    const drawing = new DiagramCanvas(container.current, label, (element) => select(element))
    let closed = false
    canvas.current = drawing
    drawing.open(xml).then(
      () => {
        if (closed) return
        show(drawing)
        setState('drawn')
      },
      () => !closed && setState('refused'),
    )
    return () => {
      closed = true
      canvas.current = undefined
      drawing.close()
    }
  }, [xml, label])

  useEffect(() => {
    if (state === 'drawn') canvas.current?.setMarks(marks)
  }, [marks, state])
  useEffect(() => {
    if (state === 'drawn') canvas.current?.select(selected)
  }, [selected, state])

  return (
    <div className="diagram" data-state={state}>
      <div ref={container} className="diagram-canvas" />
      {state === 'refused' && <Text className="diagram-note">This model has no diagram that can be drawn.</Text>}
      <Group className="diagram-legend" gap="md" aria-hidden>
        {(Object.keys(MARK_LABELS) as Mark[]).map((mark) => (
          <span key={mark} className="legend-item" data-mark={mark}>
            {MARK_LABELS[mark]}
          </span>
        ))}
      </Group>
      <ActionIcon.Group orientation="vertical" className="diagram-zoom">
        <ActionIcon variant="default" aria-label="Zoom in" onClick={() => canvas.current?.zoomBy('in')}>
          +
        </ActionIcon>
        <ActionIcon variant="default" aria-label="Zoom out" onClick={() => canvas.current?.zoomBy('out')}>
          −
        </ActionIcon>
        <ActionIcon variant="default" aria-label="Show the whole diagram" onClick={() => canvas.current?.fitWhole()}>
          ⤢
        </ActionIcon>
      </ActionIcon.Group>
    </div>
  )
}

const firstActive = (marks: Marks): string | undefined =>
  [...marks].find(([, mark]) => mark === 'incident')?.[0] ?? [...marks].find(([, mark]) => mark === 'active')?.[0]
