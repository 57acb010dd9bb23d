/** Saves a text under a name, as the browser saves any download. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has begun with the click; the bytes are needed a moment longer.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
