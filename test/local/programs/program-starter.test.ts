import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createProgramStarter, type ProgramStarter, runProgram } from '../../../local/programs/program-starter.ts';

let programs: ProgramStarter;
beforeAll(() => {
  programs = createProgramStarter();
});
afterAll(() => programs.stop());

const bash = (script: string) => ({
  command: 'bash',
  parameters: ['-c', script],
  directory: '/',
  variables: process.env,
});

describe('a program', () => {
  it('gives its exit code and what it printed', async () => {
    const result = await runProgram(programs, bash('echo "in $PWD"; echo problem >&2; exit 3'));
    expect(result).toEqual({ code: 3, stdout: 'in /\n', stderr: 'problem\n' });
  });
});
