/**
 * Files of `www/js` that are being written anew, and are checked by nothing until they are.
 * @module
 */
export const LATER = ['conversation', 'core', 'driver', 'lookup', 'saved']
