import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useMutation } from 'urql'

import { newIdempotencyKey } from '../app/client'
import type { AlertVerdict } from '../gql/graphql'
import { ProblemView } from '../problems/ProblemView'
import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { JudgeAlertMutation } from './queries'

interface Props {
  readonly alertId: string
  /** What tells this alert's fields from those of others to who does not see them. */
  readonly about: string
  readonly onJudged: () => void
}

const newKeys = (): Record<AlertVerdict, string> => ({ TRUE: newIdempotencyKey(), FALSE: newIdempotencyKey() })

/** Says whether an alert was true. The same verdict sent twice is one command. */
export function JudgeAlert({ alertId, about, onJudged }: Props) {
  const [{ fetching }, judge] = useMutation(JudgeAlertMutation)
  const [keys, setKeys] = useState(newKeys)
  const [note, setNote] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const [accepted, setAccepted] = useState(false)

  const submit = async (verdict: AlertVerdict) => {
    setProblem(undefined)
    const { data, error } = await judge({ input: { idempotencyKey: keys[verdict], alertId, verdict, note: note.trim() || null } })
    const payload = data?.judgeAlert
    if (error) setProblem(problemOf(error))
    else if (!payload?.command || payload.userErrors.length > 0) {
      setProblem(refusalOf(payload?.userErrors))
      setKeys(newKeys())
    } else {
      setAccepted(payload.command.state === 'ACCEPTED')
      onJudged()
    }
  }

  return (
    <Stack gap="xs">
      {problem && <ProblemView problem={problem} />}
      {accepted && <output>Accepted. It is recorded in a moment.</output>}
      <TextInput
        size="xs"
        aria-label={`Why, ${about}`}
        placeholder="Why"
        maxLength={500}
        value={note}
        onChange={({ currentTarget: { value } }) => {
          setNote(value)
          setKeys(newKeys())
        }}
      />
      <Group gap="xs">
        {(['TRUE', 'FALSE'] as const).map((verdict) => (
          <Button
            key={verdict}
            size="xs"
            variant="default"
            loading={fetching}
            disabled={accepted}
            aria-label={`It was ${verdict.toLowerCase()}, ${about}`}
            onClick={() => void submit(verdict)}
          >
            It was {verdict.toLowerCase()}
          </Button>
        ))}
      </Group>
    </Stack>
  )
}
