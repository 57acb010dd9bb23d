import { Stack, Text, Title } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import { useQuery } from 'urql'

import { Empty, Placeholder } from '../app/Loaded'
import { ProblemView } from '../problems/ProblemView'
import { problemOf } from '../problems/problem'
import { caseName } from './name'
import { CaseModelQuery } from './queries'
import { StepDetail } from './StepDetail'
import { StepList } from './StepList'
import { elementSteps, marksOf, type StepEvent } from './steps'

const BpmnDiagram = lazy(() => import('../diagram/BpmnDiagram'))

interface Props {
  readonly shown: {
    readonly id: string
    readonly businessKey: string
    readonly activeElements: readonly string[]
    readonly incidents: { readonly edges: readonly { readonly node: { readonly element: string; readonly state: string } }[] }
  }
  readonly events: readonly StepEvent[] | undefined
  readonly element: string | undefined
  readonly onSelect: (element: string) => void
}

const NONE: readonly StepEvent[] = []

/** The diagram, the list of its steps, and the step that is selected in either of them. */
export function CaseProcess({ shown, events = NONE, element, onSelect }: Props) {
  const [model] = useQuery({ query: CaseModelQuery, variables: { id: shown.id }, requestPolicy: 'cache-first' })
  const xml = model.data?.case?.definition?.bpmnXml
  const { activeElements, incidents } = shown
  const steps = useMemo(() => {
    const incidentElements = incidents.edges.filter(({ node }) => node.state === 'open').map(({ node }) => node.element)
    return elementSteps(events, { activeElements, incidentElements })
  }, [events, activeElements, incidents])
  const marks = useMemo(() => marksOf(steps, events), [steps, events])
  const selected = steps.find((step) => step.element === element)

  return (
    <section aria-label="Process" className="process">
      <div className="process-diagram">
        {model.error && <ProblemView problem={problemOf(model.error)} />}
        {xml && (
          <Suspense fallback={<Placeholder />}>
            <BpmnDiagram
              xml={xml}
              label={`Process diagram of case ${caseName(shown.businessKey)}; the list of steps says the same`}
              marks={marks}
              selected={element}
              onSelect={onSelect}
            />
          </Suspense>
        )}
        {!xml && !model.error && (model.fetching ? <Placeholder /> : <Empty>You may not see this model.</Empty>)}
      </div>
      <div className="process-steps">
        <Title order={2} size="h4" mb="xs">
          Steps
        </Title>
        {events === NONE ? <Placeholder /> : <StepList steps={steps} selected={element} onSelect={onSelect} />}
      </div>
      <div className="process-detail panel">
        {selected ? (
          <StepDetail key={selected.element} step={selected} />
        ) : (
          <Stack gap={4}>
            <Title order={2} size="h4">
              {element === undefined ? 'Select a step' : element}
            </Title>
            <Text size="sm" className="quiet">
              {element === undefined
                ? 'A step of the list or the diagram shows here who did it, when, and the ledger entry that proves it.'
                : 'The case has not come here.'}
            </Text>
          </Stack>
        )}
      </div>
    </section>
  )
}
