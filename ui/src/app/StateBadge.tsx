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
  funded: 'blue',
  logged: 'green',
  pending: 'amber',
  active: 'green',
  proposed: 'amber',
}

export const toneOf = (state: string): Tone => TONES[state.toLowerCase()] ?? 'grey'

/** `match_exception` and `MATCH_EXCEPTION` both read `match exception`. */
export const stateText = (state: string): string => state.replaceAll('_', ' ').toLowerCase()

export function StateBadge({ state, tone = toneOf(state) }: { state: string; tone?: Tone }) {
  return (
    <span className="state" data-tone={tone}>
      {stateText(state)}
    </span>
  )
}
