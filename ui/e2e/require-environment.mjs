const missing = ['SCF_URL', 'SCF_USER', 'SCF_PASSWORD', 'SCF_CASE'].filter((name) => !process.env[name])
if (missing.length > 0) {
  console.error(
    `The browser journey needs a running platform: start it with \`scf demo\`, then run ` +
      `SCF_URL=http://127.0.0.1:PORT SCF_USER=… SCF_PASSWORD=… SCF_CASE=<id or business key of a case> npm run e2e (missing: ${missing.join(', ')}).`,
  )
  process.exit(1)
}
