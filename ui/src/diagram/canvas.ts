import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer'
import type Canvas from 'diagram-js/lib/core/Canvas'
import type ElementRegistry from 'diagram-js/lib/core/ElementRegistry'
import type EventBus from 'diagram-js/lib/core/EventBus'
import type Selection from 'diagram-js/lib/features/selection/Selection'
import type { Element } from 'diagram-js/lib/model/Types'

import { type Marks, markerOf } from './marks'

// Marks an element that holds others, whose ground stays clear.
const CONTAINER = 'is-container'
// Below this scale labels cannot be read; the view then opens on the active element instead of on the whole.
const READABLE = 0.55
const LARGEST = 2.5
const STEP = 1.25
const MARGIN = 24
const VISIBLE_GROUND = 16

/** A read-only diagram on a DOM node: what bpmn-js draws, with marks and one selection on it. */
export class DiagramCanvas {
  private readonly viewer: NavigatedViewer
  private readonly canvas: Canvas
  private readonly elements: ElementRegistry
  private marks: Marks = new Map()

  constructor(container: HTMLElement, label: string, onSelect: (element: string) => void) {
    this.viewer = new NavigatedViewer({
      container,
      // The wheel scrolls the page; the diagram moves by dragging and zooms by its buttons.
      zoomScroll: { enabled: false },
      // Colours are custom properties, so that the drawing follows the light or dark scheme.
      bpmnRenderer: {
        defaultFillColor: 'var(--diagram-fill)',
        defaultStrokeColor: 'var(--diagram-stroke)',
        defaultLabelColor: 'var(--diagram-label)',
      },
    })
    this.canvas = this.viewer.get<Canvas>('canvas')
    this.elements = this.viewer.get<ElementRegistry>('elementRegistry')
    this.viewer.get<EventBus>('eventBus').on<{ element: Element }>('element.click', ({ element }) => {
      if (element !== this.canvas.getRootElement()) onSelect(element.id.replace(/_label$/, ''))
    })
    const drawing = container.querySelector('svg')
    drawing?.setAttribute('role', 'group')
    drawing?.setAttribute('aria-label', label)
  }

  /** Draws the model; raises what bpmn-js raises when the XML holds no diagram. */
  async open(xml: string): Promise<void> {
    await this.viewer.importXML(xml)
    for (const { id, children } of this.elements.getAll() as Partial<Element>[]) {
      if (id !== undefined && children !== undefined && children.length > 0) this.toggle(id, CONTAINER, true)
    }
  }

  setMarks(marks: Marks): void {
    for (const [element, mark] of this.marks) this.toggle(element, markerOf(mark), false)
    for (const [element, mark] of marks) this.toggle(element, markerOf(mark), true)
    this.marks = marks
  }

  select(id: string | undefined): void {
    const element = id === undefined ? undefined : (this.elements.get(id) as Element | undefined)
    this.viewer.get<Selection>('selection').select(element ?? [])
    if (element) this.canvas.scrollToElement(element, VISIBLE_GROUND)
  }

  /** Shows the whole diagram when it can be read that way, otherwise the given element at a readable size. */
  fit(focus?: string): void {
    this.canvas.resized()
    const scale = this.canvas.zoom('fit-viewport')
    if (scale >= READABLE) {
      if (scale > 1) this.canvas.zoom(1)
      return
    }
    this.canvas.zoom(READABLE)
    const target = focus === undefined ? this.firstElement() : this.elements.get(focus)
    if (target) this.centre(target as Element & Box)
  }

  zoomBy(direction: 'in' | 'out'): void {
    const scale = this.canvas.zoom() * (direction === 'in' ? STEP : 1 / STEP)
    const { width, height } = this.canvas.viewbox().outer
    this.canvas.zoom(Math.min(LARGEST, Math.max(0.1, scale)), { x: width / 2, y: height / 2 })
  }

  fitWhole(): void {
    this.canvas.resized()
    this.canvas.zoom('fit-viewport')
  }

  close(): void {
    this.viewer.destroy()
  }

  private firstElement(): Element | undefined {
    return (this.elements.getAll() as Element[]).find(({ type }) => type === 'bpmn:StartEvent')
  }

  /** Centres the view on an element, as far as that shows no more empty ground than it has to. */
  private centre({ x, y, width, height }: Box): void {
    const { inner, ...view } = this.canvas.viewbox()
    this.canvas.viewbox({
      x: within(x + width / 2 - view.width / 2, inner.x - MARGIN, inner.x + inner.width + MARGIN - view.width),
      y: within(y + height / 2 - view.height / 2, inner.y - MARGIN, inner.y + inner.height + MARGIN - view.height),
      width: view.width,
      height: view.height,
    })
  }

  private toggle(element: string, marker: string, on: boolean): void {
    if (!this.elements.get(element)) return
    if (on) this.canvas.addMarker(element, marker)
    else this.canvas.removeMarker(element, marker)
  }
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(value, most))
