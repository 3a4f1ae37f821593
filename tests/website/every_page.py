"""Every page of the site, for whoever wants to look at all of them: the crawl, axe, and the screenshots."""

PUBLIC = {
    "leaderboard": "/",
    "leaderboard-coins": "/?metric=coins",
    "activity": "/activity",
    "seasons": "/seasons",
    "season": "/seasons/1",
    "member": "/members/{anna}",
    "shop-stranger": "/shop",
    "login": "/login",
    "not-found": "/nowhere",
    "login-link-used": "/login/link/used",
}
MEMBERS = {
    "find-me": "/me",
    "shop": "/shop",
    "account": "/account",
    "forget": "/account/forget",
}
ADMINS = {
    "admin": "/admin/",
    "admin-failed": "/admin/failed",
    "admin-conflicts": "/admin/conflicts",
    "admin-rules": "/admin/rules",
    "admin-seasons": "/admin/seasons",
    "admin-audit": "/admin/audit",
}
