/**
 * Checks the types of the page's scripts, and those that are published: `tsc`, without what it says about files that are still to be typed.
 *
 *     node types.js
 */

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { LATER } from './later.js'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** What `tsc` has to say about a project, a line each. */
function complaints(project) {
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', fileURLToPath(new URL(project, import.meta.url)), '--pretty', 'false'], { encoding: 'utf8' })
  if (status === null) throw new Error('tsc did not run')
  return stdout.split('\n')
}

let told = false
for (const line of [...complaints('tsconfig.json'), ...complaints('published/tsconfig.json')]) {
  // A line that is indented goes on with the one before it.
  const file = /^\S*?([a-z-]+)\.(?:d\.ts|ts|js)\(\d+,\d+\): error /.exec(line)?.[1]
  if (file) told = !LATER.includes(file)
  if (line && (told || !/^\s|\(\d+,\d+\): error /.test(line))) {
    console.error(line)
    process.exitCode = 1
  }
}
