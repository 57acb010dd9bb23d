import { Button, Checkbox, Group, Radio, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useMemo, useState } from 'react'
import { useMutation } from 'urql'

import { newIdempotencyKey } from '../app/client'
import { SignPanel } from '../keys/SignPanel'
import { type SignedStatement, useSigning } from '../keys/useSigning'
import { ProblemView } from '../problems/ProblemView'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { type Answers, type Field, fieldsOf, type Mistakes, mistakesOf, openingAnswers, type Variables, variablesOf } from './form'
import { CompleteTaskMutation } from './queries'

interface Props {
  readonly task: {
    readonly id: string
    readonly name: string
    readonly form?: unknown
    readonly variables: unknown
    readonly requiresSignature: boolean
    readonly case?: { readonly id: string } | null | undefined
  }
  readonly onCompleted: () => void
}

const NO_MISTAKES: Mistakes = {}

/** Completes a task with what its form asks. The same answers sent twice are one command. */
export function TaskForm({ task, onCompleted }: Props) {
  const fields = useMemo(() => fieldsOf(task.form), [task.form])
  const [answers, setAnswers] = useState<Answers>(() => openingAnswers(fields, task.variables))
  const [idempotencyKey, setIdempotencyKey] = useState(newIdempotencyKey)
  const [mistakes, setMistakes] = useState(NO_MISTAKES)
  const [problem, setProblem] = useState<Problem>()
  const [accepted, setAccepted] = useState(false)
  const [{ fetching }, complete] = useMutation(CompleteTaskMutation)
  const signing = useSigning(task)

  const answer = (key: string, value: string | boolean) => {
    setAnswers((known) => ({ ...known, [key]: value }))
    // Another answer is another command, and another statement.
    setIdempotencyKey(newIdempotencyKey())
    signing.drop()
  }

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const found = mistakesOf(fields, answers)
    setMistakes(found)
    setProblem(undefined)
    if (Object.keys(found).length > 0) return
    const variables = variablesOf(fields, answers)
    if (signing.key) void signing.ask(variables).then(setProblem)
    else void send(variables)
  }

  const send = async (variables: Variables, signed?: SignedStatement) => {
    setProblem(undefined)
    const { data, error } = await complete({
      input: { idempotencyKey, taskId: task.id, variables, ...(signed && { signed }) },
    })
    const payload = data?.completeTask
    if (error) setProblem(problemOf(error))
    else if (!payload?.command || payload.userErrors.length > 0) {
      setProblem(refusalOf(payload?.userErrors))
      // What was refused is decided; a further attempt is a new command.
      setIdempotencyKey(newIdempotencyKey())
      signing.drop()
    } else {
      setAccepted(payload.command.state === 'ACCEPTED')
      onCompleted()
    }
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Title order={2} size="h4">
          {task.name}
        </Title>
        {fields.map((field) => (
          <FieldInput
            key={field.key}
            field={field}
            value={answers[field.key] ?? ''}
            mistake={mistakes[field.key]}
            onChange={(value) => answer(field.key, value)}
          />
        ))}
        {fields.length === 0 && <Text className="quiet">This task asks nothing but that it is done.</Text>}
        {problem && <ProblemView problem={problem} />}
        {accepted && <output>Accepted. The case goes on in a moment.</output>}
        {signing.toSign && signing.key ? (
          <SignPanel
            toSign={signing.toSign}
            keyId={signing.key.keyId}
            answers={told(fields, answers)}
            signing={fetching}
            onSign={() => void signing.sign().then((signed) => send(variablesOf(fields, answers), signed))}
            onBack={signing.drop}
          />
        ) : (
          <Group>
            <Button type="submit" loading={fetching || signing.asking} disabled={accepted}>
              {signing.key ? 'Review and sign' : 'Complete'}
            </Button>
          </Group>
        )}
        {task.requiresSignature && !signing.key && (
          <Text size="sm">
            This decision must be signed with a key of your own: see <Link to="/key">My key</Link>.
          </Text>
        )}
      </Stack>
    </form>
  )
}

function told(fields: readonly Field[], answers: Answers) {
  return fields.map(({ key, label, kind, choices }) => {
    const answer = answers[key]
    const chosen = choices.find(({ value }) => value === answer)?.label
    const text = kind === 'flag' ? (answer === true ? 'yes' : 'no') : (chosen ?? String(answer ?? ''))
    return { label, text: text === '' ? '(nothing)' : text }
  })
}

interface InputProps {
  readonly field: Field
  readonly value: string | boolean
  readonly mistake: string | undefined
  readonly onChange: (value: string | boolean) => void
}

function FieldInput({ field, value, mistake, onChange }: InputProps) {
  const { key, kind, label, description, required, choices } = field
  const common = { name: key, label, required, description, error: mistake }
  const text = String(value)
  switch (kind) {
    case 'flag':
      return (
        <Checkbox
          name={key}
          label={label}
          description={description}
          error={mistake}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )
    case 'choice':
      return (
        <Radio.Group {...common} value={text} onChange={onChange}>
          <Stack gap={6} mt={6}>
            {choices.map((choice) => (
              <Radio key={choice.value} value={choice.value} label={choice.label} />
            ))}
          </Stack>
        </Radio.Group>
      )
    case 'longText':
      return (
        <Textarea {...common} rows={3} resize="vertical" value={text} onChange={(event) => onChange(event.currentTarget.value)} />
      )
    case 'text':
    case 'number':
    case 'day':
      return (
        <TextInput
          {...common}
          type={kind === 'day' ? 'date' : 'text'}
          inputMode={kind === 'number' ? 'decimal' : undefined}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
    default:
      return kind satisfies never
  }
}
