import { useState } from 'react'
import { useMutation } from 'urql'

import { type Problem, problemOf, refusalOf } from '../problems/problem'
import { useSession } from '../session/session'
import { type PersonKey, sign, type ToSign } from './personKey'
import { StatementForMutation } from './queries'
import { checkStatement, OtherStatement } from './statement'
import { useSigningKey } from './useSigningKey'

/** A statement with its signature, as a command carries them. */
export interface SignedStatement {
  readonly statement: string
  readonly signatureBase64: string
}

interface Task {
  readonly id: string
  readonly variables: unknown
  readonly case?: { readonly id: string } | null | undefined
}

interface Signing {
  /** The key that can sign here; without one nothing is signed. */
  readonly key: PersonKey | undefined
  /** Whether the platform is being asked: which key counts, or what to sign. */
  readonly asking: boolean
  /** What is about to be signed, checked against what the page shows. */
  readonly toSign: ToSign | undefined
  readonly ask: (answers: Readonly<Record<string, unknown>>) => Promise<Problem | undefined>
  readonly sign: () => Promise<SignedStatement | undefined>
  readonly drop: () => void
}

/** Signing a decision on a task: ask what to sign, look at it, sign it. */
export function useSigning(task: Task): Signing {
  const { me } = useSession()
  const { key, pending } = useSigningKey()
  const [{ fetching }, statementFor] = useMutation(StatementForMutation)
  const [toSign, setToSign] = useState<ToSign>()

  const ask = async (answers: Readonly<Record<string, unknown>>): Promise<Problem | undefined> => {
    if (!key) return undefined
    const input = { taskId: task.id, variables: answers, keyId: key.keyId }
    const { data, error } = await statementFor({ input })
    if (error) return problemOf(error)
    const given = data?.statementFor.toSign
    if (!given) return refusalOf(data?.statementFor.userErrors)
    try {
      const expected = { account: me.name, keyId: key.keyId, taskId: task.id, caseId: task.case?.id, answers }
      await checkStatement(given.text, { ...expected, variables: task.variables })
    } catch (difference) {
      if (!(difference instanceof OtherStatement)) throw difference
      return {
        code: 'statement.other',
        message: difference.message,
        where: difference.field,
        hint: 'Load the page again and look at the task anew. If that stays, sign nothing and tell the auditor.',
      }
    }
    setToSign(given)
    return undefined
  }

  return {
    key,
    asking: fetching || pending,
    toSign,
    ask,
    sign: async () => (key && toSign ? { statement: toSign.text, signatureBase64: await sign(key, toSign) } : undefined),
    drop: () => setToSign(undefined),
  }
}
