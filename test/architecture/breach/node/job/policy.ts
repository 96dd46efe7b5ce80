// breach: door-closed
export class PermittedJob {
  readonly made = true;
}
