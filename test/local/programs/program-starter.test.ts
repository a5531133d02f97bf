import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createProgramStarter,
  type ProgramStarter,
  runProgram,
  signalGroup,
} from '../../../local/programs/program-starter.ts';

let programs: ProgramStarter;
beforeAll(() => {
  programs = createProgramStarter();
});
afterAll(() => programs.stop());

const bash = (script: string) => ({
  command: 'bash',
  parameters: ['-c', script],
  directory: '/',
  variables: { ...process.env, WORD: 'given' },
});
const problem = (call: Promise<unknown>) => call.then(() => 'none', String);
const processes = () => execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
const isRunning = (pid: number) =>
  processes().some((line) => Number.parseInt(line, 10) === pid && !/^\s*\d+\s+\d+\s+Z/.test(line));
/** Returns the id of the process that starts the programs of `parent`. */
const starterOf = (parent: number) =>
  Number.parseInt(
    processes().find((line) => line.includes(` ${parent} `) && line.includes('starter-process')) ?? '',
    10,
  );
const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('a program', () => {
  it('gives its exit code and what it printed, and sees the variables it is given', async () => {
    const result = await runProgram(programs, bash('echo "$WORD in $PWD"; echo problem >&2; exit 3'));
    expect(result).toEqual({ code: 3, stdout: 'given in /\n', stderr: 'problem\n' });
  });

  it('may print a lot, and many may run at once', async () => {
    const results = await Promise.all(
      [1, 2, 3].map((n) => runProgram(programs, bash(`head -c 3000000 /dev/zero; exit ${n}`))),
    );
    expect(results.map(({ code, stdout }) => [code, stdout.length])).toEqual([
      [1, 3_000_000],
      [2, 3_000_000],
      [3, 3_000_000],
    ]);
  });

  it('that does not exist is refused', async () => {
    expect(await problem(runProgram(programs, { ...bash(''), command: 'no-such-program' }))).toContain('ENOENT');
    expect(await problem(runProgram(programs, { ...bash('true'), directory: '/no/such/directory' }))).toContain(
      'ENOENT',
    );
  });

  it('is ended with what it started when its caller wants it no more', async () => {
    const stop = new AbortController();
    let printed = '';
    const running = await programs.start({
      ...bash('sleep 300 & echo $!; wait'),
      reports: false,
      endsGroup: false,
      onOutput: (_, bytes) => {
        printed += Buffer.from(bytes).toString();
      },
    });
    await until(() => printed.endsWith('\n'));
    signalGroup(running.pid, 'SIGTERM');
    expect(await running.ended).toBeUndefined();
    // The program's outputs are closed a moment before the process is gone.
    await until(() => !isRunning(Number(printed)));

    const ended = problem(runProgram(programs, bash('sleep 300'), stop.signal));
    stop.abort();
    expect(await ended).toContain('AbortError');
  });
});

describe('the process that starts programs', () => {
  it('ends with the process it works for', async () => {
    const file = pathToFileURL(new URL('../../../local/programs/program-starter.ts', import.meta.url).pathname).href;
    const program = `import { createProgramStarter } from '${file}'; createProgramStarter(); setInterval(() => {}, 1000); console.log('ready')`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface(parent.stdout), 'line');
    const starter = starterOf(parent.pid ?? 0);
    const exit = once(parent, 'exit');
    parent.kill('SIGKILL');
    await exit;
    await until(() => !isRunning(starter));
    expect(starter).toBeGreaterThan(1);
  });

  it('outlives what a terminal sends to all that run in it', async () => {
    const own = createProgramStarter();
    await runProgram(own, bash('true'));
    const running = runProgram(own, bash('kill -INT $PPID; kill -TERM $PPID; sleep 0.1; echo went on'));
    expect((await running).stdout).toBe('went on\n');
    expect((await runProgram(own, bash('exit 7'))).code).toBe(7);
    await own.stop();
  });

  it('is not started again for a program that comes after its end', async () => {
    const own = createProgramStarter();
    await own.stop();
    expect(await problem(runProgram(own, bash('true')))).toBe('Error: starting bash: the local cloud has stopped');
  });

  it('is replaced when it was killed, which the programs it had started are told as', async () => {
    const own = createProgramStarter();
    const lost = await runProgram(own, bash('kill -KILL $PPID; sleep 5')).catch(String);
    expect(lost).toBe('Error: the process that starts programs has ended');
    expect((await runProgram(own, bash('exit 7'))).code).toBe(7);
    await own.stop();
  });
});
