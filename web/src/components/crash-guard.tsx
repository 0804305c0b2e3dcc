import { Component, type ReactNode } from 'react';

interface CrashGuardProps {
  children: ReactNode;
  /** What there is to see after a mistake. */
  fallback: ReactNode;
}

/** A mistake in a page must not leave its reader before an empty one in the minute that counts. */
export class CrashGuard extends Component<CrashGuardProps, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    return this.state.crashed ? this.props.fallback : this.props.children;
  }
}
