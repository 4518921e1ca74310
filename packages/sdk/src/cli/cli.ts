#!/usr/bin/env node
import { createProcessContext } from './context.js'
import { runCli } from './main.js'

const LINGER_MS = 1_000

const code = await runCli(process.argv.slice(2), createProcessContext())
process.exitCode = code
// Everything is written by now: a connection that stays open must not hold the shell.
setTimeout(() => process.exit(code), LINGER_MS).unref()
