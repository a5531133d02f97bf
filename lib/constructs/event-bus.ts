import { EventBus as Bus, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { EventName } from '../../lambdas/domain/events.ts';
import type { Binding } from './binding.ts';

/** Stagegate's own bus, for events that others may react to, and for pushes. */
export class EventBus extends Construct {
  readonly bus: IEventBus;

  constructor(scope: Construct, id: string, installation: string) {
    super(scope, id);
    // Without a description: CloudFormation in AWS GovCloud (US) does not support that property of a bus.
    this.bus = new Bus(this, 'Bus', { eventBusName: installation });
  }

  /** Lets a function put events: the named ones, or all when none is named. */
  publishing(...names: readonly EventName[]): Binding {
    const conditions = { StringEquals: { 'events:detail-type': names } };
    return {
      value: this.bus.eventBusName,
      permissions: [
        {
          actions: ['events:PutEvents'],
          resources: [this.bus.eventBusArn],
          ...(names.length > 0 && { conditions }),
        },
      ],
    };
  }
}
