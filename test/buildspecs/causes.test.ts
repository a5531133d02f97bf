import { afterEach, describe, expect, test } from '@jest/globals';
import { describeDiagnostic } from '../../buildspecs/program/build/failure.ts';
import { planFailureOf } from './build-runs.ts';
import { DIRECTORY, event, ProgramRun } from './program-runs.ts';

/** Messages name causes, whatever the engine's summary says, and never a secret. */

const runs: ProgramRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) run.remove();
});

const SECRET = 'correct-horse-battery';
const FILES = {
  [`${DIRECTORY}/main.tf`]: 'variable "password" {\n  type      = string\n  sensitive = true\n}\n',
  [`${DIRECTORY}/terraform.tfvars`]: `password = "${SECRET}"\n`,
};
async function failing(result: ReturnType<ProgramRun['steps'][string]>, step = 'plan') {
  const run = new ProgramRun(FILES, { [step]: () => result });
  runs.push(run);
  const { result: left, log } = await run.plan();
  return { ...planFailureOf(left), log };
}
const diagnostic = (summary: string, detail: string, more = {}) =>
  event({ type: 'diagnostic', diagnostic: { severity: 'error', summary, detail, ...more } });

/** What Terraform 1.11 and OpenTofu 1.10 say about a lock of the s3 backend. */
const LOCKED = `Error message: operation error S3: PutObject, https response error StatusCode: 412, RequestID: 1, HostID: 2, api error PreconditionFailed: At least one of the pre-conditions you specified did not hold
Lock Info:
  ID:        d5a0ad5e-0b1e-2f0e-6d52-9c0b8a3f6a11
  Path:      acme-state/apps/shop/dev1/terraform.tfstate
  Operation: OperationTypeApply
  Who:       ada@laptop
  Version:   1.11.4
  Created:   2026-11-30 08:00:00.1 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time. For most commands, you can disable locking
with the "-lock=false" flag, but this is not recommended.`;
const DENIED = `Error message: operation error S3: PutObject, https response error
StatusCode: 403, RequestID: 1, HostID: 2, api error AccessDenied: Access Denied

Terraform acquires a state lock to protect the state from being written`;

describe('a message says what happened', () => {
  test.each([
    [
      'who holds a lock',
      'Error acquiring the state lock',
      LOCKED,
      /^Error acquiring the state lock: .*PreconditionFailed: .* ID: d5a0ad5e-\S+ .* Who: ada@laptop .* Created: 2026-11-30 08:00:00\.1 \+0000 UTC$/,
    ],
    [
      'why a lock was refused',
      'Error acquiring the state lock',
      DENIED,
      /^Error acquiring the state lock: Error message: .* StatusCode: 403.* AccessDenied: Access Denied$/,
    ],
    [
      'what could not be loaded',
      'Failed to get existing workspaces',
      'Unable to list objects in S3 bucket "acme-state" with prefix "env:/": operation error S3: ListObjectsV2, api error NoSuchBucket: The specified bucket does not exist',
      /workspaces: Unable to list objects .* NoSuchBucket/,
    ],
    [
      'what a list names',
      'Inconsistent dependency lock file',
      'The following dependency selections recorded in the lock file are inconsistent:\n\n  - provider registry.terraform.io/hashicorp/aws: required by this configuration but no version is selected\n\nTo update it, run:\n  terraform init -upgrade',
      /inconsistent: - provider registry\.terraform\.io\/hashicorp\/aws: required by this configuration but no version is selected$/,
    ],
    [
      'what a condition says',
      'Resource precondition failed',
      'The image must be signed.',
      /^Resource precondition failed: The image must be signed\.$/,
    ],
    [
      'what an external program said',
      'External Program Execution Failed',
      'The data source received an unexpected error while attempting to execute the program.\n\nProgram: /usr/bin/sh\nError Message: no such host\nState: exit status 1',
      /^External Program Execution Failed: The data source received .* Error Message: no such host State: exit status 1$/,
    ],
    [
      'how a script ended, however long it is',
      'local-exec provisioner error',
      `Error running command 'set -e\n\n${'make all\n'.repeat(200)}': exit status 3. Output: no rule\nto make`,
      /^local-exec provisioner error: Error running command 'set -e … exit status 3\. Output: no rule to make$/,
    ],
    [
      'no advice',
      'Invalid index',
      'The key does not exist.\n\nYou can use lookup.\n\nSee also: https://example.com',
      /^Invalid index: The key does not exist\.$/,
    ],
  ])('%s', async (_, summary, detail, message) => {
    expect((await failing({ exitCode: 1, lines: [diagnostic(summary, detail)] })).message).toMatch(message);
  });

  test('after the place, and once', () => {
    const facts = { severity: 'error', file: 'a/main.tf', line: 3 } as const;
    expect(describeDiagnostic({ ...facts, summary: 'Unsupported argument', detail: 'No "x" here.' })).toBe(
      'Unsupported argument (a/main.tf:3): No "x" here.',
    );
    expect(describeDiagnostic({ ...facts, summary: 'creating Bucket: denied', detail: 'denied' })).toBe(
      'creating Bucket: denied (a/main.tf:3)',
    );
    expect(describeDiagnostic({ ...facts, summary: 'creating Bucket: denied', detail: '\n \n' })).toBe(
      'creating Bucket: denied (a/main.tf:3)',
    );
  });

  test('in at most 600 characters of the detail', () => {
    const told = describeDiagnostic({ severity: 'error', summary: 'Wrong', detail: 'd'.repeat(5000) });
    expect(told).toBe(`Wrong: ${'d'.repeat(600)}…`);
  });
});

describe('an engine that ends without an event about its failure', () => {
  test.each([
    [
      'wrong arguments',
      1,
      '╷\n│ Error: Failed to parse command-line flags\n│ \n│ flag provided but not defined: -x\n╵\n',
      'Failed to parse command-line flags',
    ],
    [
      'a colourful error',
      1,
      '\u001b[31m╷\u001b[0m\n\u001b[31m│\u001b[0m \u001b[1mError: \u001b[0mNo such file\n',
      'No such file',
    ],
    [
      'a panic',
      2,
      '!!! TERRAFORM CRASH !!!\n\npanic: runtime error: index out of range [3]\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:58 +0x1\n',
      'terraform plan ended with exit code 2: panic: runtime error: index out of range [3]',
    ],
    [
      'an exhausted memory',
      137,
      '',
      'terraform plan ended with exit code 137: it was killed (SIGKILL), as happens when the memory runs out',
    ],
    [
      'a signal and a last line',
      143,
      'one\nGracefully shutting down...\n\n',
      'terraform plan ended with exit code 143: it was ended by SIGTERM; Gracefully shutting down...',
    ],
    [
      'a program that could not be loaded',
      127,
      'tofu: error while loading shared libraries: libx.so.1\n',
      'terraform plan ended with exit code 127: tofu: error while loading shared libraries: libx.so.1',
    ],
    ['silence', 3, '\n', 'terraform plan ended with exit code 3'],
    ['an endless line', 1, 'x'.repeat(5000), `terraform plan ended with exit code 1: ${'x'.repeat(300)}…`],
  ])('with %s', async (_, exitCode, errorOutput, message) => {
    const failure = await failing({ exitCode, errorOutput });
    expect(failure.message).toBe(message);
    expect(failure.log).toContain(`Error: ${message}`);
  });

  test('and whose plugin crashed, is explained by the crash', async () => {
    const lines = [
      diagnostic('Plugin did not respond', 'The plugin encountered an error, and failed to respond.\n\nMore.'),
    ];
    const errorOutput = 'Stack trace from the terraform-provider-x_v1 plugin:\n\npanic: boom\n\ngoroutine 1:\n';
    expect((await failing({ exitCode: 1, lines, errorOutput })).message).toBe(
      'Plugin did not respond: The plugin encountered an error, and failed to respond. (panic: boom)',
    );
  });
});

describe('no message contains a secret', () => {
  test.each([
    ['in a detail', { lines: [diagnostic('Invalid value', `It is "${SECRET}".`)] }],
    ['at the end of what a detail keeps', { lines: [diagnostic('Invalid value', `${'d'.repeat(990)}${SECRET}`)] }],
    ['at the end of what a message keeps', { lines: [diagnostic('Invalid value', `${'d'.repeat(590)}${SECRET}`)] }],
    ['in a last line', { errorOutput: `cannot log in with ${SECRET}` }],
    ['at the end of a last line', { errorOutput: `${'d'.repeat(290)}${SECRET}` }],
    ['in a crash', { errorOutput: `panic: ${SECRET}` }],
  ])('%s', async (_, result) => {
    const { log, ...failure } = await failing({ exitCode: 1, ...result });
    expect(`${log}${JSON.stringify(failure)}`).not.toMatch(/corre|battery/);
  });
});
