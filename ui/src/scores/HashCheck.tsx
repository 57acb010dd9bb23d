import { Text } from '@mantine/core'
import { useEffect, useState } from 'react'

import { toHex, utf8 } from '../proof/bytes'
import { sha256 } from '../proof/merkle'

/** Computes the SHA-256 of a score's inputs in this browser and holds it beside the one that the score has. */
export function HashCheck({ inputs, hash }: { inputs: string; hash: string }) {
  const [found, setFound] = useState<string>()
  useEffect(() => {
    let current = true
    void sha256(utf8(inputs)).then((digest) => {
      if (current) setFound(toHex(digest))
    })
    return () => {
      current = false
    }
  }, [inputs])
  if (found === undefined) return null
  if (found !== hash) {
    return (
      <Text role="alert" c="red">
        These figures are not what was scored: their SHA-256 is <span className="hash">{found}</span>, not{' '}
        <span className="hash">{hash}</span>.
      </Text>
    )
  }
  return (
    <Text size="sm" data-testid="inputs-match">
      These are the figures that were scored: this browser computed their SHA-256, <span className="hash">{hash}</span>.
    </Text>
  )
}
