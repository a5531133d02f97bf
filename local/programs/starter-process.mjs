/**
 * Starts programs for the local cloud, each in a process group of its own. Plain JavaScript, because it should be small
 * and ready soon.
 */
// @ts-check
import { spawn } from 'node:child_process';

/** @import { OutputName, StarterMessage, StartMessage } from './starter-messages.ts' */

// Ctrl-C in a terminal reaches this process, too, but builds end when the local cloud ends them, and it ends this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('disconnect', () => process.exit());

/** @type {(message: StarterMessage, whenSent?: () => void) => void} */
const tell = (message, whenSent = () => {}) => {
  // Without a connection nobody is left to be told.
  if (process.connected) process.send?.(message, undefined, undefined, whenSent);
};

/** From file descriptor 1 on. @type {readonly OutputName[]} */
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
      // A program that prints without end must not fill this process.
      output.pause();
      tell({ kind: 'output', id, name, bytes }, () => output.resume());
    });
  }
  child.once('exit', () => {
    try {
      if (endsGroup) process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of it runs any more.
    }
  });
  child.once('close', (code) => tell({ kind: 'ended', id, code: code ?? undefined }));
}

process.on('message', (/** @type {StartMessage} */ message) => start(message));
