/** The application that the scenario is about. */
export const APPLICATION = 'my-app';
export const DATABASE = 'module.web_service.terraform_data.database';
export const STAFF = 'staff@example.com';
export const CLIENT = 'client@example.com';
export const ENVIRONMENTS = {
  dev1: { stage: 'development', accountId: '111111111111', region: 'eu-west-1' },
  stage1: { stage: 'staging', accountId: '222222222222', region: 'eu-west-1' },
  prod1: { stage: 'production', accountId: '333333333333', region: 'eu-west-1' },
} as const;
export type EnvironmentName = keyof typeof ENVIRONMENTS;
export const NAMES: readonly EnvironmentName[] = ['dev1', 'stage1', 'prod1'];

/** The module of the example: its call, its file, and the tags of two versions. */
export const MODULE = {
  call: 'module.web_service',
  file: 'modules/web-service/main.tf',
  tag: 'web-service-v1.0.0',
  nextTag: 'web-service-v2.0.0',
} as const;

export const PREVIEW = { name: 'pr-1', branch: 'feature/greeting' } as const;
/** Seconds that the branch's environment lives after it was shown. */
export const PREVIEW_SECONDS = 10;

/** The Terraform output that contains the application's address. */
export const URL_OUTPUT = 'alb_dns_name';
