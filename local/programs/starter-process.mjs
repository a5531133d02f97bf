/**
 * Starts programs for the local cloud, each in its own process group. This file is plain JavaScript, because the
 * process should be small and start fast.
 */
// @ts-check
import { spawn } from 'node:child_process';

/** @import { OutputName, StarterMessage, StartMessage } from './starter-messages.ts' */

// Ctrl-C in a terminal reaches this process, too. It is ignored: the local cloud ends the builds, and then this
// process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('disconnect', () => process.exit());

/** @type {(message: StarterMessage, whenSent?: () => void) => void} */
const tell = (message, whenSent = () => {}) => {
  // Without a connection there is no receiver.
  if (process.connected) process.send?.(message, undefined, undefined, whenSent);
};

/** Names of the outputs, starting at file descriptor 1. @type {readonly OutputName[]} */
const OUTPUTS = ['stdout', 'stderr', 'reports'];

/** @param {StartMessage} message */
function start({ id, command, parameters, directory, variables, reports, endsGroup }) {
  const child = spawn(command, parameters, {
    ...(directory && { cwd: directory }),
    env: { ...variables },
    stdio: ['ignore', 'pipe', 'pipe', reports ? 'pipe' : 'ignore'],
    detached: true,
  });
  child.once('error', (error) => {
    if (child.pid === undefined) tell({ kind: 'failed', id, reason: error.message });
  });
  const { pid } = child;
  if (pid === undefined) return;
  tell({ kind: 'started', id, pid });
  for (const [index, name] of OUTPUTS.entries()) {
    const output = child.stdio[index + 1];
    if (!output || !('read' in output)) continue;
    output.on('data', (bytes) => {
      // A program that prints without end must not fill the memory of this process.
      output.pause();
      tell({ kind: 'output', id, name, bytes }, () => output.resume());
    });
  }
  child.once('exit', () => {
    try {
      if (endsGroup) process.kill(-pid, 'SIGKILL');
    } catch {
      // No process of the group runs any more.
    }
  });
  child.once('close', (code) => tell({ kind: 'ended', id, code: code ?? undefined }));
}

process.on('message', (/** @type {StartMessage} */ message) => start(message));
