import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Provisioned, Provisioner, Resource } from '../services/local-service.ts';
import { creationOrder } from './creation-order.ts';
import { evaluateCondition, type IntrinsicScope, resolveIntrinsics } from './intrinsics.ts';
import type { Template, TemplateParameter } from './template.ts';

interface DeployTemplateProps {
  readonly template: Template;
  readonly stackName: string;
  readonly accountId: string;
  readonly region: string;
  /** Values of the template's parameters; a parameter without a value gets its default. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Provisioners by resource type. Each creates resources in the account that it was made for. */
  readonly provisioners: Readonly<Record<string, Provisioner>>;
  /** The same stack as it was deployed before: only what differs is made, changed or taken away. */
  readonly before?: DeployedStack;
}

/** A resource as it was made, with what it was made of. */
interface DeployedResource extends Provisioned {
  readonly type: string;
  readonly properties: Resource['properties'];
  /** True if CloudFormation leaves the resource alone when a template lacks it. */
  readonly isRetained: boolean;
}

/** The result of deploying a template. */
export interface DeployedStack {
  readonly resources: ReadonlyMap<string, DeployedResource>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** CDK's own record of library versions; not a resource of the system. */
const IGNORED_TYPES = new Set(['AWS::CDK::Metadata']);

/**
 * Creates every resource of a template in dependency order. Throws an error that names unsupported content before
 * anything is created. A stack that was deployed before is updated as CloudFormation does: unchanged resources stay,
 * changed ones are made again, and what the template lacks is taken away at the end.
 */
export async function deployTemplate(props: DeployTemplateProps): Promise<DeployedStack> {
  const { template, stackName, provisioners, before } = props;
  const created = new Map<string, DeployedResource>();
  const scope: IntrinsicScope = {
    parameters: new Map([...pseudoParameters(props), ...parameterValues(props)]),
    mappings: template.Mappings,
    conditions: template.Conditions,
    created,
  };
  const isWanted = ({ Condition }: { Condition?: string }): boolean =>
    Condition === undefined || evaluateCondition(Condition, scope);
  const wanted = Object.fromEntries(
    Object.entries(template.Resources).filter(
      ([, resource]) => !IGNORED_TYPES.has(resource.Type) && isWanted(resource),
    ),
  );
  const unsupported = Object.entries(wanted).filter(([, { Type }]) => !(Type in provisioners));
  if (unsupported.length > 0) {
    const names = unsupported.map(([logicalId, { Type }]) => `${Type} (${logicalId})`).join(', ');
    throw new Error(`deploying ${stackName}: resource types not supported by the local cloud: ${names}`);
  }

  for (const logicalId of creationOrder(wanted)) {
    const resource = wanted[logicalId];
    const provision = resource && provisioners[resource.Type];
    if (!provision) continue;
    try {
      const properties = resolveProperties(resource.Properties, scope);
      const known = before?.resources.get(logicalId);
      if (known?.type === resource.Type && isDeepStrictEqual(known.properties, properties)) {
        created.set(logicalId, known);
        continue;
      }
      known?.remove?.();
      const provisioned = await provision({
        logicalId,
        type: resource.Type,
        properties,
        generatedName: generatedName(stackName, logicalId),
      });
      const isRetained = resource.DeletionPolicy === 'Retain';
      created.set(logicalId, { ...provisioned, type: resource.Type, properties, isRetained });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`deploying ${stackName}: creating ${logicalId} (${resource.Type}): ${reason}`, { cause: error });
    }
  }
  removeLacking(stackName, before, created);
  const outputs = Object.entries(template.Outputs)
    .filter(([, output]) => isWanted(output))
    .map(([name, { Value }]) => [name, resolveIntrinsics(Value, scope)]);
  return { resources: created, outputs: Object.fromEntries(outputs) };
}

/** Takes away what the template lacks, in the reverse order of creation. */
function removeLacking(
  stackName: string,
  before: DeployedStack | undefined,
  created: ReadonlyMap<string, DeployedResource>,
): void {
  const lacking = [...(before?.resources ?? [])].filter(([id, { isRetained }]) => !created.has(id) && !isRetained);
  for (const [logicalId, { type, remove }] of lacking.toReversed()) {
    if (!remove)
      throw new Error(
        `deploying ${stackName}: the local cloud cannot take away ${logicalId}, an ${type} with contents`,
      );
    remove();
  }
}

function resolveProperties(
  properties: Readonly<Record<string, unknown>>,
  scope: IntrinsicScope,
): Resource['properties'] {
  return Object.fromEntries(
    Object.entries(properties)
      .map(([name, value]): [string, unknown] => {
        try {
          return [name, resolveIntrinsics(value, scope)];
        } catch (error) {
          throw new Error(`property ${name}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          });
        }
      })
      .filter(([, value]) => value !== undefined),
  );
}

function pseudoParameters({ stackName, accountId, region }: DeployTemplateProps): Map<string, string> {
  return new Map([
    ['AWS::AccountId', accountId],
    ['AWS::Region', region],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', stackName],
    ['AWS::StackId', `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${shortHash(stackName)}`],
  ]);
}

function parameterValues({
  template,
  stackName,
  parameters = {},
}: DeployTemplateProps): Map<string, string | string[]> {
  const unknown = Object.keys(parameters).filter((name) => !(name in template.Parameters));
  if (unknown.length > 0)
    throw new Error(`deploying ${stackName}: the template has no parameter ${unknown.join(', ')}`);
  return new Map(
    Object.entries(template.Parameters).map(([name, parameter]) => {
      const value = parameters[name] ?? parameter.Default;
      if (value === undefined)
        throw new Error(`deploying ${stackName}: parameter ${name} has neither a value nor a default`);
      return [name, parameterValue(name, parameter, value)];
    }),
  );
}

function parameterValue(name: string, parameter: TemplateParameter, value: string): string | string[] {
  const { Type, AllowedValues, AllowedPattern, MinLength = 0, MaxLength = Number.POSITIVE_INFINITY } = parameter;
  const isList = Type === 'CommaDelimitedList' || Type === 'List<String>' || Type === 'List<Number>';
  if (!isList && Type !== 'String' && Type !== 'Number') {
    throw new Error(`parameter ${name}: type ${Type} is not supported by the local cloud`);
  }
  // The allowed values and the pattern apply to each item of a list.
  const items = isList ? value.split(',').map((item) => item.trim()) : [value];
  const pattern = AllowedPattern === undefined ? undefined : new RegExp(`^(?:${AllowedPattern})$`);
  const allowed =
    items.every((item) => (AllowedValues?.includes(item) ?? true) && (pattern?.test(item) ?? true)) &&
    value.length >= MinLength &&
    value.length <= MaxLength;
  if (!allowed) throw new Error(`parameter ${name}: value "${value}" is not allowed by the template`);
  if (!isList) return value;
  return value === '' ? [] : items;
}

/** Returns a name of at most 64 characters, the shortest limit of the named resources (roles, functions). */
function generatedName(stackName: string, logicalId: string): string {
  return `${stackName.slice(0, 24)}-${logicalId.slice(0, 26)}-${shortHash(`${stackName}/${logicalId}`)}`;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12).toUpperCase();
