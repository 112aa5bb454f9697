//! Roles and what they may do: one table.

use serde::{Deserialize, Serialize};

use crate::payment::Mode;

/// What a person is at a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything of the merchant.
    Owner,
    /// Connects the merchant's programs.
    Developer,
    /// Looks payments up, refunds them, reads figures.
    BackOffice,
    /// Lets withdrawals go.
    Approver,
    /// Looks and changes nothing.
    ReadOnly,
}

/// What a person may do at a merchant. What belongs to the whole installation is the operator's alone and needs no word here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Look at payments, invoices and figures.
    ViewPayments,
    /// Capture, void and refund.
    ChangePayments,
    /// Look at withdrawals.
    ViewWithdrawals,
    /// Approve and reject withdrawals.
    ApproveWithdrawals,
    /// Look at webhooks and the attempts made.
    ViewWebhooks,
    /// Send a webhook again.
    ReplayWebhooks,
    /// Look at balances and statements.
    ViewLedger,
    /// The developer's page and the test clock.
    Develop,
    /// Look at credentials, never at their secrets.
    ViewCredentials,
    /// Make, change and end test credentials.
    ManageTestCredentials,
    /// The same for live ones.
    ManageLiveCredentials,
    /// Look at providers and rules.
    ViewRouting,
    /// Change the merchant's providers and rules.
    ManageRouting,
    /// Name, colour and logo on payers' pages.
    ManageBranding,
    /// Invite people and give them roles.
    ManageUsers,
    /// Read who did what.
    ViewAudit,
}

impl Permission {
    /// All of them.
    pub const ALL: [Permission; 16] = [
        Permission::ViewPayments,
        Permission::ChangePayments,
        Permission::ViewWithdrawals,
        Permission::ApproveWithdrawals,
        Permission::ViewWebhooks,
        Permission::ReplayWebhooks,
        Permission::ViewLedger,
        Permission::Develop,
        Permission::ViewCredentials,
        Permission::ManageTestCredentials,
        Permission::ManageLiveCredentials,
        Permission::ViewRouting,
        Permission::ManageRouting,
        Permission::ManageBranding,
        Permission::ManageUsers,
        Permission::ViewAudit,
    ];

    /// To make, change and end credentials of a mode.
    pub const fn manage_credentials(mode: Mode) -> Permission {
        match mode {
            Mode::Dev => Permission::ManageTestCredentials,
            Mode::Live => Permission::ManageLiveCredentials,
        }
    }
}

impl Role {
    /// All of them, the mightiest first.
    pub const ALL: [Role; 5] = [Role::Owner, Role::Developer, Role::BackOffice, Role::Approver, Role::ReadOnly];

    /// What it may do.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Role::Owner => &P::ALL,
            Role::Developer => &[
                P::ViewPayments,
                P::ViewWithdrawals,
                P::ViewWebhooks,
                P::ReplayWebhooks,
                P::Develop,
                P::ViewCredentials,
                P::ManageTestCredentials,
                P::ViewRouting,
            ],
            Role::BackOffice => &[
                P::ViewPayments,
                P::ChangePayments,
                P::ViewWithdrawals,
                P::ViewWebhooks,
                P::ReplayWebhooks,
                P::ViewLedger,
            ],
            Role::Approver => &[P::ViewPayments, P::ViewWithdrawals, P::ApproveWithdrawals, P::ViewLedger],
            Role::ReadOnly => &[P::ViewPayments, P::ViewWithdrawals, P::ViewWebhooks, P::ViewLedger],
        }
    }

    /// Whether it may do a thing.
    pub fn permits(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// Its word in forms and rows.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Developer => "developer",
            Role::BackOffice => "back_office",
            Role::Approver => "approver",
            Role::ReadOnly => "read_only",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Owner => "Owner",
            Role::Developer => "Developer",
            Role::BackOffice => "Back office",
            Role::Approver => "Approver",
            Role::ReadOnly => "Read only",
        }
    }
}
