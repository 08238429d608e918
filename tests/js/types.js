/**
 * Checks the types of the page's scripts: `tsc`, without what it says about files that are still to be typed.
 *
 *     node types.js
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Files of `www/js` that are not typed yet. */
const UNTYPED = ['app', 'conversation', 'core', 'desk', 'driver', 'element', 'form', 'lookup', 'meaning', 'run', 'saved']

const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', fileURLToPath(new URL('.', import.meta.url)), '--pretty', 'false'], { encoding: 'utf8' })
if (status === null) throw new Error('tsc did not run')

let told = false
for (const line of stdout.split('\n')) {
  // A line that is indented goes on with the one before it.
  const file = /^\S*?([a-z-]+)\.(?:d\.ts|ts|js)\(\d+,\d+\): error /.exec(line)?.[1]
  if (file) told = !UNTYPED.includes(file)
  if (line && (told || !/^\s|\(\d+,\d+\): error /.test(line))) {
    console.error(line)
    process.exitCode = 1
  }
}
