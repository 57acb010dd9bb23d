import { useEffect, useEffectEvent } from 'react'

/** Calls back every `seconds` while somebody looks at the page; `undefined` stops it. */
export function usePulse(seconds: number | undefined, beat: () => void): void {
  const onBeat = useEffectEvent(beat)
  useEffect(() => {
    if (seconds === undefined) return undefined
    const timer = setInterval(() => document.visibilityState === 'visible' && onBeat(), seconds * 1000)
    return () => clearInterval(timer)
  }, [seconds])
}
