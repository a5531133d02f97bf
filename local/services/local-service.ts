import type { AwsService } from '../door/wire.ts';

/** A resource of the synthesized template with every intrinsic function of its properties resolved. */
export interface Resource {
  readonly logicalId: string;
  /** `AWS::Lambda::Function` */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Stable name for a resource the template leaves unnamed, in CloudFormation's style: `Stagegate-TopicBFC7AF6E-1A2B3C4D5E6F`. */
  readonly generatedName: string;
}

/** What other resources see of a created one: its `Ref` and its `Fn::GetAtt` attributes. */
export interface Provisioned {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Creates one kind of resource. Unknown properties must throw, naming resource and property; never skip them. */
export type Provisioner = (resource: Resource) => Provisioned | Promise<Provisioned>;

/** What a service folder under `local/services/` exports: the wire service, and the template resources it understands. */
export interface LocalService {
  readonly service?: AwsService;
  readonly provisioners: Readonly<Record<string, Provisioner>>;
  /** Runs after all resources exist: resume persisted work, start timers. */
  start?(): void | Promise<void>;
  stop?(): void | Promise<void>;
}
