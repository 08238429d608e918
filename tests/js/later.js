/**
 * Files of `www/js` that are being written anew, and are checked by nothing until they are.
 * @module
 */
export const LATER = ['app', 'conversation', 'core', 'desk', 'driver', 'form', 'lookup', 'meaning', 'run', 'saved']
