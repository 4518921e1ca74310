#!/usr/bin/env node
import { config } from 'zod'
import { createProcessContext } from './context.js'
import { runCli } from './main.js'

const LINGER_MS = 1_000

// A command reads by each schema once or twice: making code of it first takes longer than that.
config({ jitless: true })

const code = await runCli(process.argv.slice(2), createProcessContext())
process.exitCode = code
// Everything is written by now: a connection that stays open must not hold the shell.
setTimeout(() => process.exit(code), LINGER_MS).unref()
