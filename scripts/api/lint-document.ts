import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import core from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';
import * as z from 'zod';

const REDOCLY = join(import.meta.dirname, '..', '..', 'node_modules', '@redocly', 'cli', 'bin', 'cli.js');
const LONGEST_OUTPUT = 64 * 1024 * 1024;

/**
 * Returns what the recommended rules of Redocly and of Spectral say of OpenAPI documents, errors and warnings alike, one
 * line each. The documents are given by name.
 */
export async function lintDocuments(documents: Readonly<Record<string, object>>): Promise<string[]> {
  const found = Object.entries(documents).flatMap(([name, document]) => [
    lintWithRedocly(name, document),
    lintWithSpectral(name, document),
  ]);
  return (await Promise.all(found)).flat();
}

const RedoclyReportSchema = z.object({
  problems: z.array(
    z.object({
      ruleId: z.string(),
      severity: z.string(),
      message: z.string(),
      location: z.array(z.object({ pointer: z.string().optional() })).default([]),
    }),
  ),
});

async function lintWithRedocly(name: string, document: object): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-lint-'));
  try {
    writeFileSync(join(directory, 'openapi.json'), JSON.stringify(document));
    // The linter ends with 1 if it finds an error, and says the same on its output.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [REDOCLY, 'lint', 'openapi.json', '--extends=recommended', '--format=json'],
      {
        cwd: directory,
        maxBuffer: LONGEST_OUTPUT,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    ).catch((error: unknown) => z.object({ stdout: z.string().min(1) }).parse(error));
    const { problems } = RedoclyReportSchema.parse(JSON.parse(stdout));
    return problems.map(
      ({ ruleId, severity, message, location: [where] }) =>
        `redocly ${severity} ${ruleId}: ${name} ${where?.pointer ?? '#/'}: ${message}`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const SEVERITIES = ['error', 'warning', 'information', 'hint'];

async function lintWithSpectral(name: string, document: object): Promise<string[]> {
  const spectral = new core.Spectral();
  spectral.setRuleset(new core.Ruleset({ extends: [[rulesets.oas, 'recommended']] }));
  const found = await spectral.run(JSON.stringify(document));
  return found.map(
    ({ code, severity, message, path }) =>
      `spectral ${SEVERITIES[severity]} ${code}: ${name} #/${path.join('/')}: ${message}`,
  );
}
