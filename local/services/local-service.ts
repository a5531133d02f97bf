import type { AwsService } from '../door/wire.ts';

/** A resource of the synthesized template, with all intrinsic functions of its properties resolved. */
export interface Resource {
  readonly logicalId: string;
  /** `AWS::Lambda::Function` */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /**
   * A stable name for a resource that the template does not name, in CloudFormation's style:
   * `Stagegate-TopicBFC7AF6E-1A2B3C4D5E6F`.
   */
  readonly generatedName: string;
}

/** What other resources can refer to in a created resource: its `Ref` and its `Fn::GetAtt` attributes. */
export interface Provisioned {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Takes the resource away: when a newer template lacks it, and right before it is made again with other properties.
   * Resources that hold something (tables, buckets, keys, queues) have none: they are made again in their place, and
   * can be taken away only if the template says that they are retained.
   */
  readonly remove?: () => void;
}

/**
 * Creates one kind of resource. An unknown property must throw an error that names the resource and the property; it
 * must never be ignored.
 */
export type Provisioner = (resource: Resource) => Provisioned | Promise<Provisioned>;

/**
 * The export of a service folder under `local/services/`: the wire service, and the template resources that it can
 * create.
 */
export interface LocalService {
  readonly service?: AwsService;
  readonly provisioners: Readonly<Record<string, Provisioner>>;
  /** Runs after all resources exist, to resume stored work and to start timers. */
  start?(): void | Promise<void>;
  stop?(): void | Promise<void>;
}
