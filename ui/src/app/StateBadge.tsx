export type Tone = 'green' | 'blue' | 'amber' | 'red' | 'grey'

/** States that mean the same everywhere have one tone everywhere; a state that is not listed is shown in grey. */
const TONES: Readonly<Record<string, Tone>> = {
  running: 'blue',
  waiting: 'amber',
  incident: 'red',
  completed: 'green',
  cancelled: 'grey',
  failed: 'red',
  open: 'amber',
  claimed: 'blue',
  matched: 'green',
  exception: 'red',
  accepted: 'green',
  duplicate: 'red',
  conflict: 'red',
  quarantined: 'red',
  valid: 'green',
  settled: 'green',
  paid: 'green',
  financed: 'blue',
  funded: 'blue',
  logged: 'green',
  pending: 'amber',
  active: 'green',
  proposed: 'amber',
}

export const toneOf = (state: string): Tone => TONES[state.toLowerCase()] ?? 'grey'

/** `match_exception`, `match-exception` and `MATCH_EXCEPTION` all read `match exception`. */
export const stateText = (state: string): string => state.replaceAll(/[_-]/g, ' ').toLowerCase()

export function StateBadge({ state, tone = toneOf(state) }: { state: string; tone?: Tone }) {
  return (
    <span className="state" data-tone={tone}>
      {stateText(state)}
    </span>
  )
}
