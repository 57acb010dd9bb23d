import type { ErrorComponentProps } from '@tanstack/react-router'

import { ProblemView } from '../problems/ProblemView'

/** What stands for a page that a fault of this app keeps from being shown. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  return (
    <ProblemView
      problem={{
        code: 'ui.unexpected',
        message: 'This page could not be shown.',
        where: String(error),
        hint: 'Try again; if it stays, tell the operator this text and the address of the page.',
      }}
      onRetry={reset}
    />
  )
}
