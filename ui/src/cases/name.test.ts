import { expect, it } from 'vitest'

import { caseName } from './name'

it.each([
  ['FR-2026-0007', 'FR-2026-0007'],
  ['7d80f49c-6ccc-50f5-861a-656f31cd4e22', '7d80f49c'],
  ['7d80f49c-6ccc', '7d80f49c-6ccc'],
])('the case %s is called %s', (businessKey, name) => {
  expect(caseName(businessKey)).toBe(name)
})
