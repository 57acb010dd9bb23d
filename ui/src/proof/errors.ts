/** A proof that does not prove what it claims; the codes are those of `scf ledger verify-proof`. */
export class NotProven extends Error {
  override readonly name = 'NotProven'

  constructor(
    readonly code: string,
    message: string,
    readonly hint?: string,
  ) {
    super(message)
  }
}
