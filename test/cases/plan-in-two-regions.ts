const PROVIDER = 'registry.terraform.io/hashicorp/aws';

/** A NAT gateway that is created; `region` is an argument of the resource since version 6 of the provider. */
const gateway = (name: string, values: Readonly<Record<string, unknown>>) => ({
  address: `aws_nat_gateway.${name}`,
  mode: 'managed',
  type: 'aws_nat_gateway',
  name,
  provider_name: PROVIDER,
  schema_version: 0,
  values: { connectivity_type: 'public', ...values },
});

const GATEWAYS = [gateway('own', { region: 'us-east-1' }), gateway('through_alias', {})];
const KEYS: Readonly<Record<string, string>> = { own: 'aws', through_alias: 'aws.us' };

/** The plan of the case `two-regions-in-one-plan`, which it describes in words. */
export const planInTwoRegions = {
  format_version: '1.2',
  terraform_version: '1.11.4',
  planned_values: { root_module: { resources: GATEWAYS } },
  resource_changes: GATEWAYS.map(({ values, schema_version: _, ...resource }) => ({
    ...resource,
    change: {
      actions: ['create'],
      before: null,
      after: values,
      after_unknown: { id: true },
      before_sensitive: false,
      after_sensitive: {},
    },
  })),
  configuration: {
    provider_config: {
      aws: { name: 'aws', full_name: PROVIDER, expressions: { region: { constant_value: 'eu-west-1' } } },
      'aws.us': {
        name: 'aws',
        full_name: PROVIDER,
        alias: 'us',
        expressions: { region: { constant_value: 'us-east-1' } },
      },
    },
    root_module: {
      resources: GATEWAYS.map(({ address, mode, type, name }) => ({
        address,
        mode,
        type,
        name,
        provider_config_key: KEYS[name],
        expressions: {},
        schema_version: 0,
      })),
    },
  },
  applyable: true,
  complete: true,
  errored: false,
};
