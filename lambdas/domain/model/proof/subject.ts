import * as z from 'zod';
import { Sha256Schema } from '../../names.ts';

/**
 * What is proven in one environment before it reaches the next: the identity of a module, `engine terraform 1.11`, or
 * `provider registry.terraform.io/hashicorp/aws 5.100`. Engines and providers are compared by their minor version.
 */
export const SubjectSchema = z.string().min(1).max(400);
export type Subject = z.infer<typeof SubjectSchema>;

/** Returns `1.11` for `1.11.4`. A version of another form is compared as it is. */
const minorOf = (version: string): string => /^(\d+\.\d+)\./.exec(version)?.[1] ?? version;

export const engineSubject = ({ name, version }: { readonly name: string; readonly version: string }): Subject =>
  `engine ${name === 'opentofu' ? 'tofu' : name} ${minorOf(version)}`;

export const providerSubject = ({
  address,
  version,
}: {
  readonly address: string;
  readonly version: string;
}): Subject => `provider ${address} ${minorOf(version)}`;

export const isModule = (subject: Subject): boolean => Sha256Schema.safeParse(subject).success;

/** An engine and its minor version in the words of a request: `terraform 1.12`. */
export const EngineMinorSchema = z
  .string()
  .regex(/^(?:terraform|tofu) \d+\.\d+$/, 'an engine and its minor version like "terraform 1.12"');

/** A provider and its minor version in the words of a request: `registry.terraform.io/hashicorp/aws 5.100`. */
export const ProviderMinorSchema = z
  .string()
  .max(380)
  .regex(
    /^[^\s/]+\/[^\s/]+\/[^\s/]+ \d+\.\d+$/,
    'a provider and its minor version like "registry.terraform.io/hashicorp/aws 5.100"',
  );
