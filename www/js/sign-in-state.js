/**
 * How a sign-in stands, in words.
 * @module
 */

/** @import { View } from './types.d.ts' */

/**
 * Sentences with their tone.
 * @param {Pick<View, 'sign_in' | 'turn'>} view
 * @param {boolean} [offers] adds what would be done next
 */
export function signInState({ sign_in: now, turn }, offers) {
  const name = now.mechanism ?? 'AUTH'
  /** @type {[tone: string, sentence: string][]} */
  const told = []
  /**
   * @param {string} tone
   * @param {...(string | false | null)} words
   */
  const tell = (tone, ...words) => told.push([tone, words.filter(Boolean).join(' ')])
  if (now.state === 'done') tell('good', `✓ Signed in with ${name}.`, now.proved && 'The server proved that it knows the password as well.')
  if (now.state === 'refused') tell('error', `✗ The server refused ${name}.`)
  if (now.state === 'cancelled') tell('warning', now.cancelled ?? `${name} was cancelled.`)
  if (now.error) tell('error', now.error.sentence, now.error.advice, now.error.scope && `The token must be for: ${now.error.scope}.`)
  if (now.proved === false) tell('error', '✗ The server did not prove that it knows the password: somebody else may answer here.')
  if (!offers) return told
  if (now.state === 'running') tell('hint', `${name} is going on.`)
  if (turn === 'over') tell('hint', 'This conversation has ended. What you fill in is used for the next one.')
  else if (now.state === 'done') tell('hint', 'To sign in as somebody else, begin a new conversation.')
  else {
    if (now.best && now.reason) tell('hint', `${now.best}:`, now.reason)
    if (now.caution) tell('warning', now.caution, !now.allowed && 'You are asked before anything is sent.')
  }
  return told
}
