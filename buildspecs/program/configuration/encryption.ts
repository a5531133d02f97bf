import { ownCredentials } from '../backend/refused-settings.ts';
import { PhaseError } from '../build/failure.ts';
import type { HclBlock } from './hcl.ts';
import { type Configuration, readConfiguration } from './read-configuration.ts';

interface EncryptionBlock {
  readonly file: string;
  readonly block: HclBlock;
}

/**
 * Returns the blocks in the `encryption` blocks of a directory. Only OpenTofu has such blocks, and uses only those of
 * the root module.
 */
const encryptionIn = ({ files }: Configuration): EncryptionBlock[] =>
  files.flatMap(({ file, blocks }) =>
    blocks
      .filter(({ type }) => type === 'terraform')
      .flatMap((terraform) => terraform.blocks.filter(({ type }) => type === 'encryption'))
      .flatMap((encryption) => encryption.blocks.map((block) => ({ file, block }))),
  );

const isKeyProvider = ({ block }: EncryptionBlock) => block.type === 'key_provider';
const isMethod = ({ block }: EncryptionBlock) => block.type === 'method';

/**
 * Refuses key providers and methods of encryption that run a command of the repository: OpenTofu would run it in
 * `init`. Refuses arguments that name AWS's configuration files or credentials, too: these files can name commands
 * (`credential_process`) and bring credentials of their own.
 */
export function refuseEncryptionCommands(configuration: Configuration): void {
  for (const { file, block } of encryptionIn(configuration).filter(
    (found) => isKeyProvider(found) || isMethod(found),
  )) {
    const [type, name] = block.labels;
    if (type === 'external') {
      throw new PhaseError(
        'encryption',
        `${file}:${block.line}: the ${block.type} "external" "${name}" runs a command; builds run nothing of a repository before its plan`,
        { reason: 'encryption-command' },
      );
    }
    const own = block.attributes.find((attribute) => ownCredentials.has(attribute.name));
    if (type === 'aws_kms' && own) {
      throw new PhaseError(
        'encryption',
        `${file}:${own.line}: the argument "${own.name}" of the ${block.type} "${type}" "${name}" brings credentials of its own; builds use the environment's role`,
        { reason: 'encryption-command' },
      );
    }
  }
}

/** How plans of a directory are encrypted. */
export interface PlanEncryption {
  /** The file that sets the encryption, as a path from the directory. */
  readonly file: string;
  readonly line: number;
  /** Addresses of the key providers whose keys are used (`aws_kms.main`), each once. */
  readonly keyProviders: readonly string[];
}

/** Returns the addresses of a kind in an expression, without the kind: `aes_gcm.mine` for `method.aes_gcm.mine`. */
const addressesIn = (expression: string, kind: string): string[] =>
  [...expression.matchAll(new RegExp(`\\b${kind}\\s*\\.\\s*([\\w-]+)\\s*\\.\\s*([\\w-]+)`, 'g'))].map(
    ([, type, name]) => `${type}.${name}`,
  );

const addressOf = ({ block }: EncryptionBlock) => block.labels.join('.');

/** Returns the addresses of a kind that a block's arguments name. */
const namedBy = ({ block }: EncryptionBlock, kind: string): string[] =>
  block.attributes.flatMap(({ expression }) => addressesIn(expression, kind));

/** Returns whether a directory configures OpenTofu's encryption, of plans or of states. */
export const configuresEncryption = async (directory: string): Promise<boolean> =>
  encryptionIn(await readConfiguration(directory, 'tofu', '')).length > 0;

/** Returns how OpenTofu encrypts the plans of a directory, or undefined if it does not. */
export async function encryptedPlanBy(directory: string): Promise<PlanEncryption | undefined> {
  const found = encryptionIn(await readConfiguration(directory, 'tofu', ''));
  // Override files come last, and replace earlier blocks.
  const plan = found.findLast(
    ({ block }) => block.type === 'plan' && block.attributes.some(({ name }) => name === 'method'),
  );
  if (!plan) return undefined;
  const methods = namedBy(plan, 'method');
  if (methods.length > 0 && methods.every((address) => address.startsWith('unencrypted.'))) return undefined;
  const keyProviders = new Set(
    found
      .filter((method) => isMethod(method) && methods.includes(addressOf(method)))
      .flatMap((method) => namedBy(method, 'key_provider')),
  );
  // A key provider may take its key from another one. The loop visits those that are added here, too.
  for (const address of keyProviders)
    for (const provider of found.filter((each) => isKeyProvider(each) && addressOf(each) === address))
      for (const other of namedBy(provider, 'key_provider')) keyProviders.add(other);
  return { file: plan.file, line: plan.block.line, keyProviders: [...keyProviders] };
}
