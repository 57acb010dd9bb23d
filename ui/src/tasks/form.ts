/** The part of form-js's schema that carries answers: https://bpmn.io/toolkit/form-js/. */
export interface Field {
  readonly key: string
  readonly kind: 'text' | 'longText' | 'number' | 'choice' | 'flag' | 'day'
  readonly label: string
  readonly description?: string
  readonly required: boolean
  readonly choices: readonly { readonly value: string; readonly label: string }[]
}

/** What stands in the fields: text for all kinds but flags. */
export type Answers = Readonly<Record<string, string | boolean>>

/** What the command takes: numbers as decimal strings, and nothing for a field that was left empty. */
export type Variables = Readonly<Record<string, string | boolean>>

export type Mistakes = Readonly<Record<string, string>>

const KINDS: Readonly<Record<string, Field['kind']>> = {
  textfield: 'text',
  textarea: 'longText',
  number: 'number',
  radio: 'choice',
  select: 'choice',
  checkbox: 'flag',
  datetime: 'day',
}
const DECIMAL = /^-?\d{1,15}(?:\.\d{1,10})?$/

/** The fields of a form-js schema that a person answers, those inside groups included, in their order. */
export function fieldsOf(form: unknown): readonly Field[] {
  const components = isRecord(form) && Array.isArray(form['components']) ? (form['components'] as unknown[]) : []
  return components.filter(isRecord).flatMap((component) => {
    if (component['type'] === 'group') return fieldsOf(component)
    const field = component['readonly'] === true ? undefined : fieldOf(component)
    return field ? [field] : []
  })
}

function fieldOf(component: Readonly<Record<string, unknown>>): Field | undefined {
  const { type, key, label, description, validate, values } = component
  const kind = typeof type === 'string' ? KINDS[type] : undefined
  if (kind === undefined || typeof key !== 'string') return undefined
  return {
    key,
    kind,
    label: typeof label === 'string' ? label : key,
    ...(typeof description === 'string' && description !== '' && { description }),
    required: isRecord(validate) && validate['required'] === true,
    choices: Array.isArray(values) ? (values as unknown[]).filter(isRecord).map(choiceOf) : [],
  }
}

function choiceOf({ value, label }: Readonly<Record<string, unknown>>) {
  return { value: String(value), label: typeof label === 'string' ? label : String(value) }
}

/** The answers that a form opens with: what the case already holds under a field's name. */
export function openingAnswers(fields: readonly Field[], variables: unknown): Answers {
  const known = isRecord(variables) ? variables : {}
  return Object.fromEntries(
    fields.map(({ key, kind }) => {
      const value = known[key]
      if (kind === 'flag') return [key, value === true]
      return [key, typeof value === 'string' || typeof value === 'number' ? String(value) : '']
    }),
  )
}

/** What keeps the answers from being sent, by field; the platform checks them once more. */
export function mistakesOf(fields: readonly Field[], answers: Answers): Mistakes {
  const mistakes: Record<string, string> = {}
  for (const { key, kind, required } of fields) {
    const answer = answers[key]
    if (typeof answer !== 'string') continue
    const text = answer.trim()
    if (required && text === '') mistakes[key] = 'This is required.'
    else if (kind === 'number' && text !== '' && !DECIMAL.test(text)) {
      mistakes[key] = 'Write a number such as 1234.50, without grouping.'
    }
  }
  return mistakes
}

export function variablesOf(fields: readonly Field[], answers: Answers): Variables {
  const given = fields.flatMap(({ key }) => {
    const answer = answers[key]
    const value = typeof answer === 'string' ? answer.trim() : answer
    return value === undefined || value === '' ? [] : [[key, value] as const]
  })
  return Object.fromEntries(given)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
