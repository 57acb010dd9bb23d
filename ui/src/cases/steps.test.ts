import { describe, expect, it } from 'vitest'

import { actorText, elementSteps, marksOf, type StepEvent, typeText } from './steps'

let seq = 0
const event = (element: string, kind: string, elementType = 'serviceTask'): StepEvent => ({
  seq: (seq += 1),
  element,
  elementName: element === 'gate' ? '' : element.toUpperCase(),
  elementType,
  kind,
  actor: 'system:worker',
  at: '2026-01-01T00:00:00Z',
})

const NOWHERE = { activeElements: [], incidentElements: [] }

const EVENTS = [
  event('p', 'element.activated', 'process'),
  event('match', 'element.activated'),
  event('match', 'job.created'),
  event('match', 'element.completed'),
  event('f2', 'flow.taken', ''),
  event('gate', 'element.activated', 'exclusiveGateway'),
  event('gate', 'element.completed', 'exclusiveGateway'),
  event('match', 'element.activated'),
  event('match', 'element.completed'),
  event('review', 'element.activated', 'userTask'),
]

describe('the steps of a case', () => {
  it('are its elements in the order of their first entry, without flows and processes', () => {
    expect(elementSteps(EVENTS, NOWHERE).map(({ element }) => element)).toEqual(['match', 'gate', 'review'])
  })

  it('gather all runs of an element and tell the last event', () => {
    const [match] = elementSteps(EVENTS, NOWHERE)
    expect(match).toMatchObject({ name: 'MATCH', runs: 2, last: { kind: 'element.completed' } })
    expect(match?.events).toHaveLength(5)
  })

  it('name an element without a name by its type', () => {
    expect(elementSteps(EVENTS, NOWHERE)[1]?.name).toBe('exclusive gateway')
  })

  it('are done, active, stuck, or left without completion', () => {
    const marks = (standing: Parameters<typeof elementSteps>[1]) =>
      elementSteps(EVENTS, standing).map(({ mark }) => mark)
    expect(marks({ activeElements: ['review'], incidentElements: [] })).toEqual(['done', 'done', 'active'])
    expect(marks({ activeElements: ['match', 'review'], incidentElements: ['match'] })).toEqual([
      'incident',
      'done',
      'active',
    ])
    expect(marks(NOWHERE)).toEqual(['done', 'done', undefined])
  })

  it('mark the diagram together with the flows that were taken', () => {
    const steps = elementSteps(EVENTS, { activeElements: ['review'], incidentElements: [] })
    expect(Object.fromEntries(marksOf(steps, EVENTS))).toEqual({
      match: 'done',
      gate: 'done',
      review: 'active',
      f2: 'done',
    })
  })
})

describe('texts', () => {
  it('tell people from parts of the platform', () => {
    expect(actorText('user:anna')).toBe('anna')
    expect(actorText('system:worker')).toBe('platform (worker)')
  })

  it('spell out an element type', () => {
    expect(typeText('businessRuleTask')).toBe('business rule task')
  })
})
