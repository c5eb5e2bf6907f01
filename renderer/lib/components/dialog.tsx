/** The one dialog of the panel: focus is kept inside, Escape closes, focus goes back to where it came from. */
import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  wide?: boolean;
  children: ReactNode;
  footer: ReactNode;
}

export function Dialog({ open, onClose, title, description, wide = false, children, footer }: DialogProps): ReactNode {
  return (
    <BaseDialog.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="dialog-backdrop" />
        <BaseDialog.Popup className={wide ? 'dialog dialog-wide' : 'dialog'}>
          <header className="dialog-head">
            <BaseDialog.Title className="dialog-title">{title}</BaseDialog.Title>
            <BaseDialog.Close className="button button-quiet button-icon" aria-label="Close">
              <X aria-hidden="true" />
            </BaseDialog.Close>
            {description !== undefined && (
              <BaseDialog.Description className="dialog-description">{description}</BaseDialog.Description>
            )}
          </header>
          {/* Scrolls when long, so it must be reachable by keyboard. */}
          <div className="dialog-body" tabIndex={0} role="group" aria-label="Content">
            {children}
          </div>
          <footer className="dialog-foot">{footer}</footer>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
