/**
 * Stands for a script that a test does not want to run.
 * @module
 */
export {}
