/**
 * Suites that share a cloud and compare records: each leaves deployments that have ended, but for the last, whose gates go
 * on to expire.
 */
import './link-flood.suite.ts';
import './webhook.suite.ts';
import './bad-input.suite.ts';
