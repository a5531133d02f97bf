/** A plan of any size in Terraform's shape: tenants in modules, each a chain of resources that refer to one another. */

const KINDS = [
  'aws_instance',
  'aws_db_instance',
  'aws_security_group',
  'aws_lambda_function',
  'aws_s3_bucket',
] as const;
const RESOURCES_PER_MODULE = 50;
/** Actions in turn: most of a large plan is unchanged. */
const ACTIONS = [
  ['update'],
  ['no-op'],
  ['no-op'],
  ['create'],
  ['no-op'],
  ['no-op'],
  ['delete', 'create'],
  ['no-op'],
  ['no-op'],
  ['no-op'],
] as const;

function valuesOf(at: number, kind: string, revision: number): Record<string, unknown> {
  return {
    id: `${kind}-${at}`,
    arn: `arn:aws:service:eu-west-1:123456789012:${kind}/${at}`,
    name: `resource-${at}`,
    revision,
    instance_type: 't3.micro',
    instance_class: 'db.t4g.micro',
    engine: 'postgres',
    allocated_storage: 20 + (at % 7),
    password: `Secret-${at}-${'x'.repeat(at % 13)}`,
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: `arn:aws:s3:::bucket-${at}/*` }],
    }),
    tags: { Name: `resource-${at}`, Application: 'shop', Environment: 'prod1', Owner: 'platform' },
    ingress: [{ from_port: 443, to_port: 443, protocol: 'tcp', cidr_blocks: ['10.0.0.0/8'], ipv6_cidr_blocks: [] }],
    ...Object.fromEntries(
      Array.from({ length: 20 }, (_, nth) => [`attribute_${nth}`, nth % 3 === 0 ? null : `value ${nth} of ${at}`]),
    ),
  };
}

/** `resources` objects, twice as many references between them, and as many in the state before. */
export function largePlan(resources: number): string {
  const changes: unknown[] = [];
  const state = new Map<string, unknown[]>();
  const blocks = new Map<string, unknown[]>();
  for (let at = 0; at < resources; at++) {
    const module = `module.tenant_${Math.floor(at / RESOURCES_PER_MODULE)}`;
    const type = KINDS[at % KINDS.length] ?? 'aws_instance';
    const name = `r${at}`;
    const actions = ACTIONS[at % ACTIONS.length] ?? ['no-op'];
    const [before, after] = [valuesOf(at, type, 1), valuesOf(at, type, actions[0] === 'no-op' ? 1 : 2)];
    const mask = { password: true, tags: {} };
    const address = `${module}.${type}.${name}`;
    const isCreated = actions[0] === 'create';
    changes.push({
      address,
      module_address: module,
      mode: 'managed',
      type,
      name,
      provider_name: 'registry.terraform.io/hashicorp/aws',
      change: {
        actions,
        before: isCreated ? null : before,
        after,
        after_unknown: isCreated ? { arn: true } : {},
        before_sensitive: isCreated ? false : mask,
        after_sensitive: mask,
      },
    });
    const isFirst = at % RESOURCES_PER_MODULE === 0;
    const previous = `${KINDS[(at + KINDS.length - 1) % KINDS.length]}.r${at - 1}`;
    const written = isFirst ? ['var.input'] : [`${previous}.id`, previous];
    append(blocks, module, {
      address: `${type}.${name}`,
      mode: 'managed',
      type,
      name,
      provider_config_key: 'aws',
      expressions: { name: { references: written }, revision: { references: ['var.shared'] } },
      schema_version: 0,
    });
    if (!isCreated)
      append(state, module, {
        address,
        mode: 'managed',
        type,
        name,
        provider_name: 'registry.terraform.io/hashicorp/aws',
        schema_version: 0,
        values: before,
        sensitive_values: mask,
      });
  }
  const names = [...blocks.keys()].map((module) => module.slice('module.'.length));
  return JSON.stringify({
    format_version: '1.2',
    terraform_version: '1.11.4',
    planned_values: { root_module: {} },
    resource_changes: changes,
    prior_state: {
      format_version: '1.0',
      values: { root_module: { child_modules: [...state].map(([address, list]) => ({ address, resources: list })) } },
    },
    configuration: {
      provider_config: { aws: { name: 'aws', expressions: { region: { constant_value: 'eu-west-1' } } } },
      root_module: {
        module_calls: Object.fromEntries(
          names.map((name, nth) => [
            name,
            {
              source: './modules/tenant',
              expressions: {
                shared: { references: ['var.shared'] },
                input: { references: nth === 0 ? [] : [`module.${names[nth - 1]}.last`, `module.${names[nth - 1]}`] },
              },
              module: {
                resources: blocks.get(`module.${name}`),
                outputs: { last: { expression: { references: lastOf(nth, resources) } } },
                variables: { shared: {}, input: {} },
              },
            },
          ]),
        ),
      },
    },
    applyable: true,
    complete: true,
    errored: false,
  });
}

function append(map: Map<string, unknown[]>, key: string, item: unknown): void {
  const items = map.get(key);
  if (items) items.push(item);
  else map.set(key, [item]);
}

function lastOf(module: number, resources: number): string[] {
  const at = Math.min(resources, (module + 1) * RESOURCES_PER_MODULE) - 1;
  const address = `${KINDS[at % KINDS.length]}.r${at}`;
  return [`${address}.id`, address];
}
