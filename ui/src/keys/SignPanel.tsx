import { Button, Code, Group, Stack, Text, Title } from '@mantine/core'

import { fingerprint, type ToSign } from './personKey'

interface Props {
  readonly toSign: ToSign
  readonly keyId: string
  readonly answers: readonly { readonly label: string; readonly text: string }[]
  readonly signing: boolean
  readonly onSign: () => void
  readonly onBack: () => void
}

/** Exactly what is signed, before it is: in words, and to the byte. */
export function SignPanel({ toSign, keyId, answers, signing, onSign, onBack }: Props) {
  return (
    <section className="panel" aria-label="What you sign" data-testid="to-sign">
      <Stack gap="sm">
        <Title order={3} size="h5">
          What you sign
        </Title>
        <dl className="facts">
          {answers.map(({ label, text }) => (
            <div key={label} className="fact">
              <dt>{label}</dt>
              <dd>{text}</dd>
            </div>
          ))}
          <dt>Your key</dt>
          <dd className="hash">{fingerprint(keyId)}</dd>
        </dl>
        <Text size="sm" className="quiet">
          This browser has checked that the text below is about this task, your answers and what the page shows. Texts and
          amounts stand in it as SHA-256 digests, since the log is for good.
        </Text>
        <Code block tabIndex={0} aria-label="The text that is signed" className="signed-text">
          {toSign.domain}
          {toSign.text}
        </Code>
        <Group>
          <Button loading={signing} onClick={onSign}>
            Sign and complete
          </Button>
          <Button variant="default" onClick={onBack}>
            Back
          </Button>
        </Group>
      </Stack>
    </section>
  )
}
